"""Runs oslo.messaging's own functional tests with one side replaced by ours. Their tests are not changed: only the
fixtures that start a server, a client, a listener or a notifier are, and what stands in for them is told what to do by
a line of JSON each, over TCP. Prints a line of JSON for every test that ran."""
import builtins
import json
import os
import queue
import socket
import sys
import unittest

url, port, replaced = sys.argv[1:]
os.environ['RPC_TRANSPORT_URL'] = os.environ['NOTIFY_TRANSPORT_URL'] = url

import fixtures  # noqa: E402
import oslo_messaging  # noqa: E402
from oslo_messaging.tests.functional import utils  # noqa: E402
import testtools  # noqa: E402


def ask(command, **given):
    """One order, one answer, one connection: the tests ask from several threads."""
    with socket.create_connection(('127.0.0.1', int(port))) as connection:
        connection.sendall((json.dumps({'do': command, 'with': given}) + '\n').encode())
        with connection.makefile() as lines:
            answer = json.loads(lines.readline())
    if 'raised' in answer:
        raise raised(answer['raised'])
    return answer['result']


def raised(failure):
    name, message = failure['name'], failure['message']
    if name == 'MessagingTimeout':
        return oslo_messaging.MessagingTimeout(message)
    if name == 'MessageUndeliverable':
        return oslo_messaging.MessageUndeliverable(message, None, None, None)
    if name != 'RemoteError':
        return Exception(message)
    if failure['module'] == 'builtins':
        return getattr(builtins, failure['class'])(message)
    return oslo_messaging.RemoteError(failure['class'], message)


def fields_of(target):
    names = ('exchange', 'topic', 'server', 'fanout', 'namespace', 'version')
    return {name: getattr(target, name) for name in names if getattr(target, name)}


class Remote(fixtures.Fixture):
    """Something of ours that lives as long as the test."""

    def begin(self, command, **given):
        self.id = ask(command, **given)
        self.addCleanup(ask, 'end', id=self.id)


class OurQueue:
    """Stands in for a queue.Queue that a fixture of theirs fills."""

    def __init__(self, owner):
        self.owner = owner

    def get(self, timeout):
        taken = ask('take', id=self.owner.id, seconds=timeout)
        if taken is None:
            raise queue.Empty
        return taken['value']


class OurEndpoint:
    """The values that the endpoint of our server has now."""

    def __init__(self, owner):
        self.owner = owner

    ival = property(lambda self: ask('state', id=self.owner.id)['ival'])
    sval = property(lambda self: ask('state', id=self.owner.id)['sval'])


class OurServerFixture(Remote):
    def __init__(self, conf, url, target, endpoint=None, ctrl_target=None, executor=None):
        super().__init__()
        self.target = target
        self.like = endpoint or utils.TestServerEndpoint()
        self.endpoint = OurEndpoint(self)
        self.syncq = OurQueue(self)

    def _setUp(self):
        methods = [name for name in dir(self.like)
                   if name[0] != '_' and name != 'target' and callable(getattr(self.like, name))]
        served = getattr(self.like, 'target', None)
        self.begin('serve', target=fields_of(self.target), methods=methods, served=served and fields_of(served))


class OurListenerFixture(Remote):
    def __init__(self, conf, url, topics, batch_size=None, batch_timeout=None):
        super().__init__()
        self.conf, self.url, self.topics = conf, url, topics
        self.batch = {} if batch_size is None else {'size': batch_size, 'seconds': batch_timeout}
        self.events = OurQueue(self)

    def _setUp(self):
        self.begin('listen', topics=self.topics, **self.batch)

    notifier = utils.NotificationFixture.notifier
    get_events = utils.NotificationFixture.get_events


class OurClientStub:
    def __init__(self, transport, target, cast=False, name=None, transport_options=None, **kwargs):
        self.cast = cast
        self.given = dict(
            kwargs, target=fields_of(target), context={'application': name or 'functional-tests'},
            mandatory=bool(transport_options and transport_options.at_least_once))

    def __getattr__(self, method):
        return lambda **args: ask('cast' if self.cast else 'call', method=method, args=args, **self.given)


class OurNotifier:
    def __init__(self, publisher, topics):
        self.given = {'publisher': publisher, 'topics': topics}

    def __getattr__(self, priority):
        def notify(context, event, payload):
            ask('notify', priority=priority, context=context, event=event, payload=payload, **self.given)
        return notify


if replaced == 'server':
    utils.RpcServerFixture = OurServerFixture
    utils.NotificationFixture = OurListenerFixture
    utils.BatchNotificationFixture = OurListenerFixture
else:
    utils.ClientStub = OurClientStub
    utils.NotificationFixture.notifier = (
        lambda self, publisher, topics=None: OurNotifier(publisher, topics or self.topics))

from oslo_messaging.tests.functional import test_functional  # noqa: E402

# Wants the service oslo.metrics on port 3000; without it, it fails with their own server and client as well.
del test_functional.MetricsTestCase


def report(test, status, start_time, stop_time, tags, details):
    text = '\n'.join(each.as_text() for each in details.values() if status not in ('success', 'skip'))
    print(json.dumps({'test': test.id().rsplit('.', 2)[1:], 'status': status, 'details': text[-6000:]}), flush=True)


unittest.defaultTestLoader.loadTestsFromModule(test_functional).run(testtools.TestByTestResult(report))
# Their transports leave threads behind that would keep us.
sys.stdout.flush()
os._exit(0)
