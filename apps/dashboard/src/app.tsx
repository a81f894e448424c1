/**
 * DOC: the dashboard
 *
 * Purpose: show operators the fleet and its rollouts as they are now, and let them act: pause, resume, abort and retry
 * a rollout, skip and unskip its hosts, decommission and recommission a host.
 *
 * Happy path: a page reads answers from REST (`api/`), keeps them in one cache, and shows them; `live/` holds one
 * event stream for all pages, merges what events say into the cache and reads again what they touch.
 * Unhappy paths: an answer that fails is shown with its problem where the answer would be; while the stream is down
 * the header says so, and everything is read again once it is back.
 */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { ApiError } from './api/api.client';
import { AppShell } from './app-shell';
import { FleetPage } from './fleet/fleet.page';
import { HostPage } from './hosts/host.page';
import { LiveProvider } from './live/live.provider';
import { NotFoundPage } from './not-found.page';
import { ReleasesPage } from './releases/releases.page';
import { RolloutPage } from './rollouts/rollout.page';
import { RolloutsPage } from './rollouts/rollouts.page';

/** Answers are kept true by events; one that no event touched is trusted for so long when its page is opened again. */
const STALE_AFTER_MS = 10_000;
const RETRIES_MAX = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: STALE_AFTER_MS,
      networkMode: 'always',
      retry: (failures, error) =>
        failures < RETRIES_MAX && error instanceof ApiError && error.transient,
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <LiveProvider>
        <BrowserRouter>
          <Routes>
            <Route element={<AppShell />}>
              <Route index element={<FleetPage />} />
              <Route path="hosts" element={<Navigate to="/" replace />} />
              <Route path="hosts/:idOrName" element={<HostPage />} />
              <Route path="rollouts" element={<RolloutsPage />} />
              <Route path="rollouts/:idOrName" element={<RolloutPage />} />
              <Route path="releases" element={<ReleasesPage />} />
              <Route path="*" element={<NotFoundPage />} />
            </Route>
          </Routes>
        </BrowserRouter>
      </LiveProvider>
    </QueryClientProvider>
  );
}
