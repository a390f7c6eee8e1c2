"""`oslo.py serve|drive <url> <topic>`: a server or a client of the Python oslo.messaging. Takes orders over its channel."""
import json
import os
import sys
import threading
import time
import traceback

from oslo_config import cfg
import oslo_messaging

PAYLOAD = "x" * 64
KEPT = 200000

role, url, topic = sys.argv[1:4]
# The channel that Node opens to its children: one JSON text a line.
channel = os.fdopen(int(os.environ["NODE_CHANNEL_FD"]), "r+b", buffering=0)


def say(what):
    channel.write(json.dumps(what).encode() + b"\n")


conf = cfg.CONF
conf([], default_config_files=[])
oslo_messaging.set_transport_defaults("exchange-" + topic)
# A connection for each thread of the client; by default the 32 of them would wait for 30.
transport = oslo_messaging.get_rpc_transport(conf, url=url + "?rpc_conn_pool_size=64")
lock = threading.Lock()


class Endpoint:
    def echo(self, ctxt, text):
        return text

    def note(self, ctxt, text):
        pass


def drive(client, work):
    samples = []
    state = {"begun": 0, "done": 0}
    ends = time.monotonic() + work["seconds"]
    kwargs = {"text": PAYLOAD}
    send = (lambda: client.call({}, "echo", **kwargs)) if work["mode"] == "call" else (
        lambda: client.cast({}, "note", **kwargs))

    def worker():
        while True:
            with lock:
                count = work.get("count")
                if time.monotonic() >= ends if count is None else state["begun"] >= count:
                    return
                state["begun"] += 1
            started = time.monotonic()
            try:
                send()
            except Exception:
                traceback.print_exc()
                # A call that failed makes every figure worthless.
                os._exit(1)
            took = (time.monotonic() - started) * 1000
            with lock:
                state["done"] += 1
                if len(samples) < KEPT:
                    samples.append(took)

    began = time.monotonic()
    threads = [threading.Thread(target=worker) for _ in range(work["atOnce"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = (time.monotonic() - began) * 1000
    samples.sort()

    def at(share):
        return samples[int((len(samples) - 1) * share)]

    return {"done": state["done"], "tookMs": took, "p50Ms": at(0.5), "p99Ms": at(0.99)}


target = oslo_messaging.Target(topic=topic, server="one" if role == "serve" else None)
if role == "serve":
    server = oslo_messaging.get_rpc_server(transport, target, [Endpoint()], executor="threading")
    server.start()
    say("ready")
    channel.read(1)
    os._exit(0)
client = oslo_messaging.get_rpc_client(transport, target, timeout=30)
say("ready")
for line in channel:
    say(drive(client, json.loads(line)))
os._exit(0)
