import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { checkConfig } from '#contract/index.ts';
import { configFile } from '#demo/node/config-file.ts';
import { placesFor } from '#demo/node/places.ts';
import { planNodes, portsNeeded } from '#demo/node/plan.ts';
import { fingerprintOf } from '#demo/supervisor/provision.ts';
import { labelsSchema, nodeInputSchema } from '#shared/nodes.ts';

const ports = { tls: 20_001, http: 20_002, metrics: 20_003, ssh: 20_004 };
const text = configFile({ name: 'edge-fra-01', ports }, { tls: 21_001, http: 21_002 });

describe('config.yaml of a demo node', () => {
  test('is valid for the proxy, with the pool on and a drain of at most 10 s', () => {
    const { config, problems } = checkConfig(parse(text));
    assert.deepEqual(
      problems.filter((problem) => problem.severity === 'error'),
      [],
    );
    assert.equal(config?.connection_pool?.enabled, true);
    assert.ok((config?.shutdown_timeout ?? 99) <= 10);
    assert.equal(config?.timeouts.half_close, 5);
    assert.equal(config?.metrics.address, '127.0.0.1:20003');
  });

  test('has connection_pool in column 0 and `enabled: true` indented below it, with an inline comment', () => {
    const lines = text.split('\n');
    const at = lines.findIndex((line) => /^connection_pool:\s*(#.*)?$/.test(line));
    assert.match(lines[at + 1] ?? '', /^ {2}enabled: true +# /);
    assert.equal((lines[at + 1] ?? '').match(/true/g)?.length, 1);
  });

  test('no line or value of it tells of drills or leaks', () => {
    assert.doesNotMatch(text, /leak|drill|eof|demo/i);
  });
});

describe('the nodes of a demo', () => {
  test('names and labels are valid, unique and say nothing about drills', () => {
    const places = placesFor(40);
    assert.equal(new Set(places.map((place) => place.name)).size, 40);
    for (const { name, labels } of places) {
      assert.ok(nodeInputSchema.shape.name.safeParse(name).success, name);
      assert.ok(labelsSchema.safeParse(labels).success);
      assert.doesNotMatch(name, /leak|eof|drill/);
    }
  });

  test('drills keep their places, each node has ports of its own, exactly one is scraped through SSH', () => {
    const drills = [null, 'pool-leak', null, 'eof-leak', null] as const;
    const given = Array.from({ length: portsNeeded(5) }, (_, i) => 20_000 + i);
    const plans = planNodes({ drills: [...drills], dataDir: '/tmp/x', ports: given });
    assert.deepEqual(
      plans.map((plan) => plan.drill),
      drills,
    );
    assert.deepEqual(
      plans.flatMap((plan) => Object.values(plan.ports)).sort((a, b) => a - b),
      given,
    );
    assert.equal(plans.filter((plan) => plan.metricsVia === 'ssh').length, 1);
    assert.equal(planNodes({ drills: [null], dataDir: '/tmp/x', ports: given }).filter((plan) => plan.metricsVia === 'ssh').length, 1);
    for (const plan of plans) assert.ok(plan.configPath.startsWith('/tmp/x/nodes/'));
  });

  test('a host key fingerprint is the one that ssh-keygen shows', () => {
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com';
    assert.equal(fingerprintOf(line), 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
  });
});
