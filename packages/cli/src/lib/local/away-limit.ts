/** After this long without any control process a recorder ends by itself, its files complete. */
export const awayTimeoutSeconds = 600;

/** The same for people. */
export const awayTimeoutText = `${awayTimeoutSeconds / 60} minutes`;
