import { NotReplicated } from '../../stores/connection/replicas.ts';
import { OutcomeUnknown, RedisAway } from '../../stores/connection/store-connection.ts';

/** Words for a person when something of ours broke, and what they can do about it; the log has the rest. */
export function faultOf(error: unknown): string {
  if (error instanceof NotReplicated) {
    return UNCOPIED;
  }
  if (error instanceof RedisAway) {
    return AWAY;
  }
  return error instanceof OutcomeUnknown ? UNKNOWN : FAULT;
}

const UNCOPIED =
  'This is recorded, but no Redis replica has it yet: if Redis fails now, it is lost. Nothing is done about it until enough replicas have it. Please check again in a minute.';

// A click may have been counted before Redis went away, so neither of the next two says that it was not.
const AWAY =
  'Redis, where everything is stored, cannot be reached just now. A failover takes up to a minute. I could not finish what you asked for; please try again in a minute. Nothing is done twice.';

const UNKNOWN =
  'The connection to Redis, where everything is stored, broke in the middle of this, so I cannot say whether it was counted. Please look again in a minute, and try again if it was not. Nothing is done twice.';

const FAULT =
  'Something went wrong on my side and I cannot say whether your click was counted. Nothing is done twice: please look at the thread and try again.';
