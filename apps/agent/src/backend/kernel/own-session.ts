/** The agent's own session, which holds the manifest: the one name that must be known without any manifest. */
export const OWN_SESSION = 'luofleet';
export const MANIFEST_TOKEN = 0n;
