import { useEffect, useRef } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { useConnection } from './live/live.provider';
import type { Connection } from './live/event-stream';

const CONNECTION_WORDS: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  reconnecting: 'Reconnecting…',
};

export function AppShell() {
  const connection = useConnection();
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="top-bar">
        <NavLink to="/" className="brand">
          <BrandMark />
          Luofleet
        </NavLink>
        <nav aria-label="Main">
          <NavLink to="/" end>
            Fleet
          </NavLink>
          <NavLink to="/rollouts">Rollouts</NavLink>
          <NavLink to="/releases">Releases</NavLink>
        </nav>
        <p className={`connection is-${connection}`} role="status" data-connection={connection}>
          <span className="connection-dot" aria-hidden="true" />
          {CONNECTION_WORDS[connection]}
        </p>
      </header>
      {connection === 'reconnecting' && (
        <p className="connection-banner">
          The live connection is down. What you see may be out of date; it catches up by itself.
        </p>
      )}
      <Content />
    </>
  );
}

/** Moves focus to the new page on navigation, so that a screen reader and the keyboard start there. */
function Content() {
  const { pathname } = useLocation();
  const content = useRef<HTMLElement>(null);
  const shownPath = useRef(pathname);
  useEffect(() => {
    if (shownPath.current === pathname) return;
    shownPath.current = pathname;
    window.scrollTo(0, 0);
    content.current?.focus({ preventScroll: true });
  }, [pathname]);
  return (
    <main id="content" ref={content} tabIndex={-1}>
      <Outlet />
    </main>
  );
}

/** An L of preserved pages around those being replaced. */
function BrandMark() {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <g>
        <rect x="7" y="8" width="5" height="16" rx="1.5" />
        <rect x="14" y="8" width="4" height="4" rx="1" />
        <rect x="14" y="14" width="4" height="4" rx="1" opacity=".6" />
        <rect x="14" y="20" width="4" height="4" rx="1" />
        <rect x="20" y="20" width="5" height="4" rx="1.5" />
      </g>
    </svg>
  );
}
