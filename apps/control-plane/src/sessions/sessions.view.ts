import {
  formatU64,
  type PreservedFileResponse,
  type SessionResponse,
  type SessionWithFilesResponse,
} from '@luofleet/contracts';
import type { FileRecord, SessionRecord, SessionWithFilesRecord } from '@luofleet/persistence';
import { reasonView } from '../http-kit/reason.view';

/** A session as answers write it. */
export function sessionView(session: SessionRecord): SessionResponse {
  return {
    ...session,
    createdAt: session.createdAt.toISOString(),
    updatedAt: session.updatedAt.toISOString(),
  };
}

export function sessionWithFilesView(session: SessionWithFilesRecord): SessionWithFilesResponse {
  return { ...sessionView(session), files: session.files.map(fileView) };
}

/** A preserved file as answers write it; u64 values as text. */
export function fileView(file: FileRecord): PreservedFileResponse {
  return {
    ...file,
    token: formatU64(file.token),
    dataHandle: formatU64(file.dataHandle),
    sizeBytes: Number(file.sizeBytes),
    reason: reasonView(file.reason),
    updatedAt: file.updatedAt.toISOString(),
  };
}
