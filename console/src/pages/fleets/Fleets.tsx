import { lazy } from 'react';
import type { PageProps } from '../../app/Routes';
import FleetDetail from './FleetDetail';
import { FleetList } from './FleetList';

const FleetForm = lazy(() => import('./FleetForm'));

export default function Fleets({ route }: PageProps) {
  const id = route.parts[1];
  if (id === 'new') return <FleetForm assetId={route.query.get('asset') ?? ''} copyOf={route.query.get('copy') ?? ''} />;
  return id ? <FleetDetail fleetId={id} tab={route.parts[2] ?? 'basic'} query={route.query} /> : <FleetList />;
}
