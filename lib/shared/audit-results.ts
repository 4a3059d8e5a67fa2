/** Plain data, without the schema library: the page's filter needs it before an answer. */
export const AUDIT_RESULTS = ['ok', 'refused', 'failed'] as const;
