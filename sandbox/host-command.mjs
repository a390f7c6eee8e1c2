// What the bot's `local` host executor runs in the sandbox, where a real host would have systemctl and rabbitmqctl:
//   node sandbox/host-command.mjs <controlUrl> node.stop rabbit45@localhost
//   node sandbox/host-command.mjs <controlUrl> node.join_cluster rabbit45@localhost rabbit44@localhost
//   node sandbox/host-command.mjs <controlUrl> service.restart nova-compute [pid]
// Prints what came of it. Exit code 0: done; 1: it did not work; 2: the question makes no sense.
const [controlUrl, operation, subject, other] = process.argv.slice(2);
const [kind, verb] = (operation ?? '').split('.');

if (!controlUrl || !subject || !verb || (kind !== 'node' && kind !== 'service')) {
  console.error(
    'usage: host-command.mjs <controlUrl> node.<verb> <node> [peer] | service.<verb> <service> [pid]',
  );
  process.exit(2);
}

const body =
  kind === 'node' ? { node: subject, peer: other } : { service: subject, pid: other && Number(other) };
try {
  const answer = await fetch(`${controlUrl}/${kind}/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { text } = await answer.json();
  console.log(text);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.error(`the sandbox did not answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
