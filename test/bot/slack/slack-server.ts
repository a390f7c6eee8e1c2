import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What goes wrong with one call. */
export type Fault =
  | { readonly kind: 'busy'; readonly retryAfter: string }
  | { readonly kind: 'status'; readonly status: number }
  /** Never answers, and does nothing. */
  | { readonly kind: 'hang' }
  /** Does it, and the answer is lost on its way. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'refuse'; readonly error: string };

export interface KeptMessage {
  readonly channel: string;
  readonly ts: string;
  readonly thread_ts?: string;
  readonly text: string;
  readonly blocks: readonly { readonly type: string; readonly block_id?: string }[];
}

/** A Slack Web API on the loopback that keeps messages, and fails in the order that a test wrote down. */
export interface SlackServer extends AsyncDisposable {
  readonly url: string;
  readonly messages: KeptMessage[];
  /** Methods in the order of their calls. */
  readonly calls: string[];
  /** The next calls that send a message meet these, one each. */
  readonly script: Fault[];
  /** Called when a message was taken and its answer is still to be sent. */
  onPosted: (message: KeptMessage) => Promise<void>;
}

export async function slackServer(script: readonly Fault[] = []): Promise<SlackServer> {
  const messages: KeptMessage[] = [];
  const calls: string[] = [];
  const faults = [...script];
  let counter = 0;

  function take(method: string, form: URLSearchParams): object {
    const blocks = JSON.parse(form.get('blocks') ?? '[]') as KeptMessage['blocks'];
    const [channel, text] = [form.get('channel') ?? '', form.get('text') ?? ''];
    const threadTs = form.get('thread_ts');
    switch (method) {
      case 'chat.postMessage': {
        counter += 1;
        const ts = `1795316400.${String(counter).padStart(6, '0')}`;
        messages.push({ channel, text, blocks, ts, ...(threadTs === null ? {} : { thread_ts: threadTs }) });
        return { ok: true, ts };
      }
      case 'chat.update': {
        const at = messages.findIndex(({ ts }) => ts === form.get('ts'));
        const old = messages[at];
        if (old === undefined) {
          return { ok: false, error: 'message_not_found' };
        }
        messages[at] = { ...old, text, blocks };
        return { ok: true, ts: old.ts };
      }
      case 'conversations.history':
        return { ok: true, messages: messages.filter(({ thread_ts }) => thread_ts === undefined) };
      case 'conversations.replies':
        return {
          ok: true,
          messages: messages.filter(({ thread_ts, ts }) => [thread_ts, ts].includes(form.get('ts') ?? '')),
        };
      case 'auth.test':
        return { ok: true, team_id: 'T1', user_id: 'U0WATERSHIP' };
      case 'users.info':
        return { ok: true, user: { id: form.get('user'), real_name: 'Alice Anderson', team_id: 'T1' } };
      default:
        return { ok: true, users: [] };
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    const method = request.url?.replace('/api/', '') ?? '';
    const form = new URLSearchParams(body);
    calls.push(method);
    const fault = method.startsWith('chat.') ? faults.shift() : undefined;
    const json = (answer: object): void => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    };
    switch (fault?.kind) {
      case undefined: {
        const before = messages.length;
        const answer = take(method, form);
        const [posted] = messages.slice(before);
        if (posted !== undefined) {
          await slack.onPosted(posted);
        }
        return json(answer);
      }
      case 'busy':
        response.writeHead(429, { 'retry-after': fault.retryAfter }).end();
        return;
      case 'status':
        response.writeHead(fault.status).end('<html>upstream error</html>');
        return;
      case 'hang':
        return;
      case 'lost':
        take(method, form);
        request.socket.destroy();
        return;
      case 'garbage':
        response.setHeader('content-type', 'text/html').end('<html>a proxy greets you</html>');
        return;
      case 'refuse':
        return json({ ok: false, error: fault.error });
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) {
    throw new Error('no port');
  }
  const slack: SlackServer = {
    url: `http://127.0.0.1:${address.port}/api/`,
    messages,
    calls,
    script: faults,
    onPosted: async () => {},
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return slack;
}
