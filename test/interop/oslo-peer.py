"""A Python program that speaks oslo.messaging: told what to do by JSON lines on stdin, it answers in JSON lines."""
import collections
import concurrent.futures
import json
import os
import sys
import threading

import oslo_messaging
from oslo_config import cfg

# What endpoints and listeners were given, by topic.
SEEN = collections.defaultdict(list)
CHANGED = threading.Condition()


def see(topic, what):
    with CHANGED:
        SEEN[topic].append(what)
        CHANGED.notify_all()


class CustomError(Exception):
    def __init__(self, message, **kwargs):
        super().__init__(message)
        self.kwargs = kwargs


class Endpoint:
    target = oslo_messaging.Target(version='1.3')

    def __init__(self, topic):
        self.topic = topic

    def echo(self, ctxt, **kwargs):
        return {'context': ctxt, 'args': kwargs}

    def nothing(self, ctxt):
        return None

    def odd(self, ctxt):
        return {'inf': float('inf'), 'nan': float('nan'), 'big': 2 ** 63, 'float': 1e300, 'text': 'h\u00e9 \U0001f600',
                'half': '\ud83d', '__proto__': {'deep': 1}, 'constructor': 2}

    def fail(self, ctxt, how):
        if how == 'value':
            raise ValueError('no value')
        raise CustomError('no luck', code=7)

    def slow(self, ctxt, seconds):
        threading.Event().wait(seconds)
        return 'done'

    def note(self, ctxt, what):
        see(self.topic, what)

    def who(self, ctxt):
        return 'python'


class Network:
    target = oslo_messaging.Target(namespace='net', version='2.0', legacy_namespaces=['oldnet'])

    def which(self, ctxt):
        return 'network'


class Notifications:
    """Takes what comes; the first error notification goes back."""

    def __init__(self, topic):
        self.topic = topic
        self.has_given_back = False

    def _take(self, priority, ctxt, publisher_id, event_type, payload, metadata):
        see(self.topic, {
            'priority': priority, 'context': ctxt, 'publisher': publisher_id, 'event': event_type, 'payload': payload,
            'metadata': sorted(metadata)})

    def debug(self, *given):
        self._take('debug', *given)

    def audit(self, *given):
        self._take('audit', *given)

    def info(self, *given):
        self._take('info', *given)

    def warn(self, *given):
        self._take('warn', *given)

    def critical(self, *given):
        self._take('critical', *given)

    def sample(self, *given):
        self._take('sample', *given)

    def error(self, *given):
        self._take('error', *given)
        if not self.has_given_back:
            self.has_given_back = True
            return oslo_messaging.NotificationResult.REQUEUE


class Batches:
    """Sees how large the batches are; the first one goes back."""

    def __init__(self, topic):
        self.topic = topic
        self.has_given_back = False

    def info(self, messages):
        see(self.topic, [each['payload'] for each in messages])
        if not self.has_given_back:
            self.has_given_back = True
            return oslo_messaging.NotificationResult.REQUEUE


def main(url, exchange, options):
    # The metrics options of 14.0.3 are registered on the global configuration only.
    conf = cfg.CONF
    conf([], project='peer')
    oslo_messaging.set_transport_defaults(exchange)
    transport = oslo_messaging.get_rpc_transport(conf, url, allowed_remote_exmods=['oslo_messaging.exceptions'])
    for name, value in options.items():
        conf.set_override(name, value, group='oslo_messaging_rabbit')
    notify_transport = oslo_messaging.get_notification_transport(conf, url)
    running = {}

    def begin(topic, started):
        started.start()
        running[topic] = started

    def serve(topic, server):
        begin(topic, oslo_messaging.get_rpc_server(
            transport, oslo_messaging.Target(topic=topic, server=server), [Endpoint(topic), Network()],
            executor='threading'))

    def client(target, timeout=10, monitor=None, at_least_once=False):
        return oslo_messaging.get_rpc_client(
            transport, oslo_messaging.Target(**target), timeout=timeout, call_monitor_timeout=monitor,
            transport_options=oslo_messaging.TransportOptions(at_least_once=at_least_once))

    def call(target, method, args=None, ctxt=None, **options):
        return client(target, **options).call(ctxt or {}, method, **(args or {}))

    def call_odd(target):
        odd = {'inf': float('inf'), 'nan': float('nan'), 'big': 2 ** 70, 'tiny': 5e-324}
        return client(target).call({}, 'echo', **odd)

    def call_many(target, method, count):
        caller = client(target)
        with concurrent.futures.ThreadPoolExecutor(max_workers=count) as threads:
            return list(threads.map(lambda i: caller.call({}, method, i=i), range(count)))

    def cast(target, method, args=None, ctxt=None, **options):
        client(target, **options).cast(ctxt or {}, method, **(args or {}))

    def notify(topic, priority, event_type, payloads, driver):
        notifier = oslo_messaging.Notifier(notify_transport, publisher_id='python', driver=driver, topics=[topic])
        for payload in payloads:
            getattr(notifier, priority)({'user': 'u'}, event_type, payload)

    def listen(topic, pool=None):
        begin(topic, oslo_messaging.get_notification_listener(
            notify_transport, [oslo_messaging.Target(topic=topic)], [Notifications(topic)], executor='threading',
            allow_requeue=True, pool=pool))

    def listen_in_batches(topic, batch_size, batch_timeout):
        begin(topic, oslo_messaging.get_batch_notification_listener(
            notify_transport, [oslo_messaging.Target(topic=topic)], [Batches(topic)], executor='threading',
            allow_requeue=True, batch_size=batch_size, batch_timeout=batch_timeout))

    def seen(topic, count):
        with CHANGED:
            CHANGED.wait_for(lambda: len(SEEN[topic]) >= count, timeout=30)
            return SEEN[topic]

    def stop(topic):
        started = running.pop(topic)
        started.stop()
        started.wait()

    commands = {each.__name__: each for each in (
        serve, call, call_odd, call_many, cast, notify, listen, listen_in_batches, seen, stop)}
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {'result': commands[order['do']](**order.get('with', {}))}
        except Exception as failure:
            answer = {
                'raised': type(failure).__name__,
                'module': type(failure).__module__,
                'message': str(failure),
                'type': getattr(failure, 'exc_type', None),
                'value': getattr(failure, 'value', None),
            }
        print(json.dumps(answer), flush=True)
    # The broker goes too: a goodbye for every server would take a second each.
    os._exit(0)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
