/**
 * Codes of reasons that this library gives by itself. Reasons that come from a host keep the host's own code.
 */
export type RolloutReasonCode =
  /** A host update that nobody has started yet. */
  | 'NOT_STARTED'
  /** An operator asked for the host update to be done again. */
  | 'RETRY_REQUESTED'
  /** An operator asked for the rollout to be aborted. */
  | 'ABORT_REQUESTED'
  /** No result came before the deadline of the phase. */
  | 'DEADLINE_PASSED'
  /** The rollback's result did not come before its deadline. */
  | 'ROLLBACK_DEADLINE_PASSED'
  /** The agent did not carry out a command that the host update depends on. */
  | 'COMMAND_VOIDED'
  /** The agent refused a rollback although no reboot had been asked of it. */
  | 'ROLLBACK_REFUSED'
  /** Finish was refused more often than the strategy allows. */
  | 'FINISH_REFUSED'
  /** The host was taken out of the fleet. */
  | 'HOST_DECOMMISSIONED'
  /** An operator took the host out of the rollout before it started. */
  | 'SKIPPED_BY_OPERATOR'
  /** The host was offline for longer than the strategy waits. */
  | 'HOST_OFFLINE'
  /** The host's agent does not understand what an update to the release asks. */
  | 'RELEASE_UNFIT'
  /** The host ran the release when its turn came. */
  | 'ALREADY_ON_RELEASE'
  /** An operator took back that the host was skipped. */
  | 'UNSKIP_REQUESTED'
  /** What was decided for the host update, or what its host said, can not be stored; it was set aside. */
  | 'UPDATE_NOT_STORABLE'
  | 'RESULT_NOT_STORABLE'
  /** An operator paused the rollout. */
  | 'OPERATOR_PAUSED'
  /** More host updates failed than the strategy allows. */
  | 'FAILURE_BUDGET_SPENT'
  /** Everything has ended and some host updates did not succeed. */
  | 'HOSTS_NOT_UPDATED';
