-- What every table may rely on. Rows of append-only tables are never changed or removed, whoever asks.

create function refuse_change() returns trigger
    language plpgsql as
$$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end;
$$;
