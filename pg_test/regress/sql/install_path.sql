-- What others have put into public before CREATE EXTENSION is not called by it, and public may go without taking it along.
DROP EXTENSION slashguard;

-- A better match for what the views call than pg_catalog's own, if public were in the path.
CREATE FUNCTION public.make_interval(secs numeric) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'somebody else''s code runs'; END $$;
CREATE FUNCTION public.divide(bigint, numeric) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'somebody else''s code runs'; END $$;
CREATE OPERATOR public./ (LEFTARG = bigint, RIGHTARG = numeric, FUNCTION = public.divide);

CREATE EXTENSION slashguard;
SELECT slashguard.register_chain('path', 'aztec', '1:0x' || repeat('70', 20), '2020-01-01 00:00+00', '12 s');
SELECT chain, slot_duration, retention FROM slashguard.chains WHERE chain = 'path';
-- Nothing of slashguard depends on anything in public: zero rows.
SELECT pg_describe_object(classid, objid, objsubid)
  FROM pg_depend
 WHERE (refclassid, refobjid) IN (SELECT 'pg_proc'::regclass::oid, oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace)
   AND classid = 'pg_rewrite'::regclass;
-- And the extension is not public's: it would go with it.
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'slashguard';

DROP OPERATOR public./ (bigint, numeric);
DROP FUNCTION public.divide, public.make_interval;
