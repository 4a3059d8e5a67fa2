/** The lid is the limit, the bars are what is open. */
export function Logo() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <path d="M2 3h16" stroke="var(--text-1)" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M4.5 17v-4M10 17V9.5M15.5 17v-6" stroke="var(--accent-line)" strokeWidth="3.4" strokeLinecap="round" />
    </svg>
  );
}
