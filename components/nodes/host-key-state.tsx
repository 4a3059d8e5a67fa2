import { Chip } from '#components/ui/chip.tsx';

/** Whether a person has approved the host's key, and whether the host still shows that one. */
export function HostKeyChip({ blocked, approved }: { blocked: boolean; approved: boolean }) {
  if (blocked)
    return (
      <Chip tone="danger" mark="danger">
        Changed
      </Chip>
    );
  if (approved) return <Chip mark="ok">Approved</Chip>;
  return (
    <Chip tone="unknown" mark="unknown">
      Not approved
    </Chip>
  );
}

/** What there is to compare; while nothing is, whether the host is still being asked. */
export const ShownKey = ({ fingerprint, asking }: { fingerprint: string | null; asking: boolean }) => (
  <code className="break">{fingerprint ?? (asking ? 'asking the host…' : 'nothing yet: it does not answer')}</code>
);
