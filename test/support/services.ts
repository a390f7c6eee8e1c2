import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { portsOfCluster, startCluster } from '../../sandbox/cluster.ts';
import { freePorts } from '../../sandbox/ports.ts';
import { startRedis } from '../../sandbox/redis.ts';
import { openSupervisor } from '../../sandbox/supervisor.ts';
import { removeFolder } from './remove-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A Redis that is thrown away after the run. */
    redisUrl: string;
    /** One RabbitMQ node that is thrown away after the run, with user and password. */
    amqpUrl: string;
    /** Its management API, with user and password. */
    managementUrl: string;
    /** Its Prometheus endpoint. */
    metricsUrl: string;
  }
}

/** Starts a Redis and one RabbitMQ node for the `service` tests, on free ports and in a folder of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'watership-test-'));
  mkdirSync(join(folder, 'logs'));
  const supervisor = openSupervisor(join(folder, 'pids.json'));
  const teardown = async (): Promise<void> => {
    await supervisor.stopAll();
    removeFolder(folder);
  };
  try {
    const [redisPort = 0, ...ports] = await freePorts(1 + portsOfCluster(1));
    const [redis, cluster] = await Promise.all([
      startRedis({ folder: join(folder, 'redis'), port: redisPort, supervisor }),
      startCluster({ folder: join(folder, 'rabbitmq'), names: ['rabbit@localhost'], ports, supervisor }),
    ]);
    const { username, password } = cluster.setup;
    for (const { setup: node } of cluster.nodes) {
      project.provide('redisUrl', redis.url);
      project.provide('amqpUrl', `amqp://${username}:${password}@127.0.0.1:${node.amqpPort}`);
      project.provide('managementUrl', `http://${username}:${password}@127.0.0.1:${node.managementPort}`);
      project.provide('metricsUrl', `http://127.0.0.1:${node.metricsPort}`);
    }
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}
