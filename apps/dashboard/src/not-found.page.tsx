import { Link } from 'react-router';
import { Empty } from './ui/placeholders';
import { PageFrame } from './ui/page';

export function NotFoundPage() {
  return (
    <PageFrame title="No such page">
      <Empty title="There is nothing at this address.">
        <p>
          <Link to="/">Go to the fleet</Link>
        </p>
      </Empty>
    </PageFrame>
  );
}
