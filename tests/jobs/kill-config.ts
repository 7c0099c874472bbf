/** The configuration of a service that is killed, and of the one that takes over. */
export const killYaml = "grid: 1s\nmodels: { horizon: 12, scoreOn: 7d }";
