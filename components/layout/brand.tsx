import { Logo } from '#components/ui/logo.tsx';

export function Brand() {
  return (
    <div className="brand">
      <Logo />
      Headroom
    </div>
  );
}
