import type { WorkloadResponse } from '@luofleet/contracts';
import { workloadTone } from '../state/tone';
import { StateBadge } from '../ui/state-badge';

export function WorkloadTable({ workloads }: { readonly workloads: readonly WorkloadResponse[] }) {
  return (
    <div className="table-frame">
      <table>
        <thead>
          <tr>
            <th scope="col">Workload</th>
            <th scope="col">State</th>
            <th scope="col" className="cell-number">
              Pid
            </th>
            <th scope="col">Detail</th>
          </tr>
        </thead>
        <tbody>
          {workloads.map(({ name, state, pid, detail }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <StateBadge tone={workloadTone(state)}>{state || 'not known'}</StateBadge>
              </td>
              <td className="cell-number mono">{pid > 0 ? pid : '–'}</td>
              <td>{detail || '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
