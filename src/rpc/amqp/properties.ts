/** What decides the AMQP properties of a message. */
export interface PublishedAs {
  readonly mandatory: boolean;
  readonly expirationMs?: number;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** The AMQP properties that kombu sets, and no others. */
export function propertiesOf(message: PublishedAs) {
  return {
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    deliveryMode: 2,
    priority: 0,
    headers: { ...message.headers },
    mandatory: message.mandatory,
    ...(expires(message.expirationMs) && { expiration: String(Math.trunc(message.expirationMs)) }),
  };
}

/** Beyond its 32 bits the broker refuses an expiration; so long a time is as good as none. */
function expires(expirationMs: number | undefined): expirationMs is number {
  return expirationMs !== undefined && expirationMs >= 0 && expirationMs < 2 ** 32;
}
