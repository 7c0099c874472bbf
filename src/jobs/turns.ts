/**
 * The same work runs once at a time in a process, and once more when it was asked for meanwhile: what runs may have read before the change
 * that asked. Kept in memory only: work whose process is killed runs again from its beginning anyway, and then sees the change.
 */
export type Turns = {
  /** False when the same work runs already; it is then asked for again. */
  begin(key: string): boolean;
  /** Whether it runs here; if so it will be told at its end. */
  ask(key: string): boolean;
  /** Whether it was asked for while it ran. */
  end(key: string): boolean;
};

export function createTurns(): Turns {
  const asked = new Map<string, boolean>();
  const ask = (key: string): boolean => {
    if (!asked.has(key)) return false;
    asked.set(key, true);
    return true;
  };
  return {
    ask,
    begin(key) {
      if (ask(key)) return false;
      asked.set(key, false);
      return true;
    },
    end(key) {
      const again = asked.get(key) === true;
      asked.delete(key);
      return again;
    },
  };
}
