/** What makes a delivery the same as another, whichever replica it reaches and however often. */
export type SlackDelivery =
  | { readonly kind: 'click'; readonly actionTs: string; readonly actionId: string; readonly user: string }
  /** A modal keeps its hash while it is shown; it gets another whenever its content is changed. */
  | { readonly kind: 'view'; readonly viewId: string; readonly hash: string; readonly user: string }
  | { readonly kind: 'command'; readonly triggerId: string }
  | { readonly kind: 'event'; readonly eventId: string };

/** The name under which a delivery is remembered. */
export function deliveryKey(delivery: SlackDelivery): string {
  switch (delivery.kind) {
    case 'click':
      return `click:${delivery.actionTs}:${delivery.actionId}:${delivery.user}`;
    case 'view':
      return `view:${delivery.viewId}:${delivery.hash}:${delivery.user}`;
    case 'command':
      return `command:${delivery.triggerId}`;
    case 'event':
      return `event:${delivery.eventId}`;
  }
}
