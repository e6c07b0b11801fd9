-- Blocks of an Ethereum chain, and the duty types of the remote signing API.
\pset format unaligned
\pset tuples_only on
SELECT '0x' || repeat('b1', 48) AS validator, '0x' || repeat('01', 32) AS root, '0x' || repeat('02', 32) AS other_root,
       '0x' || repeat('99', 96) AS signature \gset
SELECT slashguard.register_chain('blocks', 'ethereum', '0x' || repeat('e2', 32), '2020-01-01 00:00+00', '12 s',
    '{"first_use": "trust"}');
SELECT retention FROM slashguard.chains WHERE chain = 'blocks';

SELECT outcome, lock_token FROM slashguard.try_acquire_block('blocks', :'validator', 7, :'root', 'node-a', lease_ms => 3600000) \gset
SELECT slashguard.record_signature(:'lock_token', '0x' || repeat('11', 65));
SELECT slashguard.record_signature(:'lock_token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, signature = :'signature' AS signature FROM slashguard.try_acquire_duty('blocks', :'validator', 7, 'BLOCK', :'root', 'node-b');
SELECT outcome, details FROM slashguard.try_acquire_duty('blocks', :'validator', 7, 'BLOCK_V2', :'other_root', 'node-b');
SELECT slashguard.acquire_block('blocks', :'validator', 7, :'other_root', 'node-b');
SELECT outcome FROM slashguard.acquire_block('blocks', :'validator', 8, :'other_root', 'node-b');

-- Safe to repeat, and never recorded.
SELECT name, (SELECT outcome FROM slashguard.try_acquire_duty('blocks', :'validator', 9, name, :'root', 'node-a'))
  FROM slashguard.duty_type WHERE rules = 'ethereum' AND NOT protected ORDER BY id, name;
SELECT count(*) FROM slashguard.duties WHERE chain = 'blocks' AND slot = 9;

-- Each form says which one is meant.
SELECT slashguard.try_acquire_duty('blocks', :'validator', 9, 'ATTESTATION', :'root', 'node-a');
SELECT slashguard.try_acquire_duty('blocks', :'validator', 9, 'BLOCK_PROPOSAL', :'root', 'node-a');
SELECT slashguard.try_acquire_duty('blocks', :'validator', 9, 'BLOCK', :'root', 'node-a', block_index => 0);
SELECT slashguard.register_chain('not ethereum', 'aztec', '1:0x' || repeat('e2', 20), '2020-01-01 00:00+00', '12 s');
SELECT slashguard.try_acquire_attestation('not ethereum', '0x' || repeat('b1', 20), 1, 2, :'root', 'node-a');
SELECT slashguard.try_acquire_block('not ethereum', '0x' || repeat('b1', 20), 1, :'root', 'node-a');

-- What a chain is registered with.
SELECT slashguard.register_chain('blocks', 'ethereum', '0x' || repeat('E2', 32), '2020-01-01 00:00+00', '12 s');
SELECT slashguard.register_chain('blocks', 'ethereum', '0x' || repeat('E2', 32), '2020-01-01 00:00+00', '12 s', '{"slots_per_epoch": 16}');
SELECT slashguard.set_chain_option('blocks', 'slots_per_epoch', '16');
SELECT slashguard.set_chain_option('blocks', 'slots_per_epoch', '32');
SELECT slashguard.set_chain_option('blocks', 'retention', '"100 epochs"');
SELECT retention FROM slashguard.chains WHERE chain = 'blocks';
SELECT slashguard.set_chain_option('blocks', 'retention', '"-1 epochs"');
SELECT slashguard.register_chain('gnosis', 'ethereum', '0x' || repeat('e3', 32), '2020-01-01 00:00+00', '5 s', '{"retention": "2 epochs", "slots_per_epoch": 16}');
SELECT slots_per_epoch, retention FROM slashguard.chains WHERE chain = 'gnosis';
SELECT slashguard.register_chain('no root', 'ethereum', '0x' || repeat('e4', 31), '2020-01-01 00:00+00', '12 s');
SELECT slashguard.register_chain('no clock', 'ethereum', '0x' || repeat('e4', 32));
SELECT slashguard.register_chain('no epochs', 'aztec', '2:0x' || repeat('e4', 20), '2020-01-01 00:00+00', '12 s', '{"slots_per_epoch": 16}');
SELECT slashguard.declare_new('blocks', ARRAY['0x' || repeat('b1', 20)]);
