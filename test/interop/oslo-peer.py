"""A Python program that speaks oslo.messaging: told what to do by JSON lines on stdin, it answers in JSON lines."""
import json
import sys
import threading

import oslo_messaging
from oslo_config import cfg

SEEN = []


class CustomError(Exception):
    def __init__(self, message, **kwargs):
        super().__init__(message)
        self.kwargs = kwargs


class Endpoint:
    target = oslo_messaging.Target(version='1.3')

    def echo(self, ctxt, **kwargs):
        return {'context': ctxt, 'args': kwargs}

    def nothing(self, ctxt):
        return None

    def odd(self, ctxt):
        return {'inf': float('inf'), 'big': 2 ** 63, 'text': 'h\u00e9 \U0001f600'}

    def fail(self, ctxt, how):
        if how == 'value':
            raise ValueError('no value')
        raise CustomError('no luck', code=7)

    def slow(self, ctxt, seconds):
        threading.Event().wait(seconds)
        return 'done'

    def note(self, ctxt, what):
        SEEN.append(['cast', ctxt, what])


class Network:
    target = oslo_messaging.Target(namespace='net', version='2.0')

    def which(self, ctxt):
        return 'network'


class Notifications:
    def info(self, ctxt, publisher_id, event_type, payload, metadata):
        SEEN.append(['info', ctxt, publisher_id, event_type, payload, sorted(metadata)])

    def error(self, ctxt, publisher_id, event_type, payload, metadata):
        SEEN.append(['error', event_type])
        if len([each for each in SEEN if each[0] == 'error']) == 1:
            return oslo_messaging.NotificationResult.REQUEUE


def main(url, exchange, options):
    # The metrics options of 14.0.3 are registered on the global configuration only.
    conf = cfg.CONF
    conf([], project='peer')
    oslo_messaging.set_transport_defaults(exchange)
    transport = oslo_messaging.get_rpc_transport(conf, url)
    for name, value in options.items():
        conf.set_override(name, value, group='oslo_messaging_rabbit')
    notify_transport = oslo_messaging.get_notification_transport(conf, url)
    running = []

    def serve(topic, server):
        started = oslo_messaging.get_rpc_server(
            transport, oslo_messaging.Target(topic=topic, server=server), [Endpoint(), Network()],
            executor='threading')
        started.start()
        running.append(started)

    def client(target, timeout=10, monitor=None, at_least_once=False):
        return oslo_messaging.RPCClient(
            transport, oslo_messaging.Target(**target), timeout=timeout, call_monitor_timeout=monitor,
            transport_options=oslo_messaging.TransportOptions(at_least_once=at_least_once))

    def call(target, method, args=None, ctxt=None, **options):
        return client(target, **options).call(ctxt or {}, method, **(args or {}))

    def cast(target, method, args=None, ctxt=None, **options):
        client(target, **options).cast(ctxt or {}, method, **(args or {}))

    def notify(topic, priority, event_type, payload, driver):
        notifier = oslo_messaging.Notifier(notify_transport, publisher_id='python', driver=driver, topics=[topic])
        getattr(notifier, priority)({'user': 'u'}, event_type, payload)

    def listen(topic):
        started = oslo_messaging.get_notification_listener(
            notify_transport, [oslo_messaging.Target(topic=topic)], [Notifications()], executor='threading',
            allow_requeue=True)
        started.start()
        running.append(started)

    def seen():
        return SEEN

    def stop():
        for each in running:
            each.stop()
            each.wait()
        running.clear()
        transport.cleanup()
        notify_transport.cleanup()

    commands = {each.__name__: each for each in (serve, call, cast, notify, listen, seen, stop)}
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


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
