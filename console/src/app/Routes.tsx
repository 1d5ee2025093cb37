import { Loading } from 'tdesign-react/es/loading';
import { Component, type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { asApiError } from '../api/error';
import { useText } from '../i18n';
import { ErrorBox } from '../ui/ErrorBox';
import { Empty, Page } from '../ui/Page';
import { useConsole } from './console';
import { Link, type Route, useRoute } from './router';

export interface PageProps {
  route: Route;
}

const kPages: Record<string, ComponentType<PageProps> | undefined> = {
  overview: lazy(() => import('../pages/overview/Overview')),
  start: lazy(() => import('../pages/start/Start')),
  assets: lazy(() => import('../pages/assets/Assets')),
  fleets: lazy(() => import('../pages/fleets/Fleets')),
  aliases: lazy(() => import('../pages/aliases/Aliases')),
  queues: lazy(() => import('../pages/queues/Queues')),
  hosts: lazy(() => import('../pages/hosts/Hosts')),
  update: lazy(() => import('../pages/update/Update')),
  placements: lazy(() => import('../pages/placements/Placements')),
  monitoring: lazy(() => import('../pages/monitoring/Monitoring')),
  statistics: lazy(() => import('../pages/statistics/Statistics')),
  explorer: lazy(() => import('../pages/explorer/Explorer')),
  keys: lazy(() => import('../pages/keys/Keys')),
};

export function Routes() {
  const route = useRoute();
  const { region } = useConsole();
  const Chosen = kPages[route.parts[0] ?? 'overview'];
  if (!Chosen) return <Nowhere />;
  return (
    <Fallen key={`${region}${route.parts[0] ?? ''}`}>
      <Suspense fallback={<Loading className="loading" />}>
        <Chosen route={route} />
      </Suspense>
    </Fallen>
  );
}

function Nowhere() {
  const text = useText();
  return (
    <Page title={text.shell.nowhere}>
      <Empty title={text.shell.nowhere} action={<Link to="/overview">{text.menu.overview}</Link>} />
    </Page>
  );
}

/** A page that breaks says so; the menus go on working. */
class Fallen extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <main className="page" id="main">
        <ErrorBox error={asApiError(this.state.error)} onRetry={() => window.location.reload()} />
      </main>
    );
  }
}
