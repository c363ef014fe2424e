/** A mistake of the user's (usage, config, input, a missing file): printed without a stack trace, exit code 2. */
export class UserError extends Error {
  override name = 'UserError'
  /** What to do about it. */
  readonly hint?: string

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.hint = options.hint
  }
}

/** The work failed for a reason that the user can remove (a full disk, a diverged run): no stack trace, exit code 1. */
export class Failure extends Error {
  override name = 'Failure'
  /** What to do about it. */
  readonly hint?: string

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.hint = options.hint
  }
}

/** A server is out of reach, or cannot answer just now. Nothing shows that what was asked is wrong: the same command may succeed later. */
export class ServerTrouble extends Failure {}

/** Data that is named rightly as far as can be told and is not on this machine; a plan can do without it. */
export class MissingData extends UserError {}
