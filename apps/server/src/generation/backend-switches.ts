/** Which backends an operator has taken out of service. Kept in the database: every process sees a change within seconds. */
export interface BackendSwitches {
  /** The ids of the backends that are to take no new work. */
  readDrained(): Promise<readonly string[]>;
  /** A drained backend finishes what it has. Saying it twice changes nothing. */
  setDrained(backendId: string, isDrained: boolean): Promise<void>;
}
