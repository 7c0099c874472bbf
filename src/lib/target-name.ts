/** What a service may be called, in the configuration and at an upload alike: safe in addresses, file names, labels and log lines. */
export const targetNamePattern = "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$";
