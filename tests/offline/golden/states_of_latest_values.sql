WITH "logged" AS (
  SELECT
    "ingest_shard" AS "shard",
    (
      (
        DATE_DIFF(
          'second',
          CAST('1970-01-01 00:00:00' AS TIMESTAMP),
          DATE_TRUNC('second', "changed_at")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "changed_at")
              ),
              "changed_at"
            )
          ) * 1000000.0e0
        )
      ) AS BIGINT)
    ) AS "skewless_happened",
    (
      (
        DATE_DIFF(
          'second',
          CAST('1970-01-01 00:00:00' AS TIMESTAMP),
          DATE_TRUNC('second', "ingest_time")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "ingest_time")
              ),
              "ingest_time"
            )
          ) * 1000000.0e0
        )
      ) AS BIGINT)
    ) AS "skewless_known",
    "card" AS "card",
    "limit" AS "limit",
    (
      (
        DATE_DIFF('second', CAST('1970-01-01 00:00:00' AS TIMESTAMP), DATE_TRUNC('second', "opened")) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF('second', CAST('1970-01-01 00:00:00' AS TIMESTAMP), DATE_TRUNC('second', "opened")),
              "opened"
            )
          ) * 1000000.0e0
        )
      ) AS BIGINT)
    ) AS "opened",
    "is_deleted" AS "is_deleted"
  FROM "lake"."cards"
  WHERE
    (
      "ingest_time" < CAST('2024-03-02 00:00:00.000000' AS TIMESTAMP(6))
    )
), "source_rows" AS (
  SELECT
    *
  FROM "logged"
  WHERE
    (
      "skewless_known" < 1709337600000000
    ) AND (
      NOT "card" IS NULL
    )
), "events" AS (
  SELECT
    "card" AS "k0",
    "skewless_happened" AS "happened",
    "skewless_known" AS "known",
    CAST(NULL AS BIGINT) AS "tie",
    "limit" AS "c0",
    "opened" AS "c1",
    COALESCE("is_deleted", FALSE) AS "deleted"
  FROM "source_rows"
), "changed" AS (
  SELECT DISTINCT
    "card" AS "k0"
  FROM "source_rows"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "k0"
      ORDER BY "happened" DESC, "tie" DESC, "c0" DESC, "c1" DESC, "deleted" DESC
    ) AS "rank"
  FROM "events"
), "winners" AS (
  SELECT
    *
  FROM "ranked"
  WHERE
    (
      "rank" = 1
    )
), "seen" AS (
  SELECT DISTINCT
    "k0"
  FROM "events"
)
SELECT
  "changed"."k0",
  "found"."happened",
  "found"."tie",
  "found"."c0",
  "found"."c1",
  "found"."deleted",
  (
    NOT "seen"."k0" IS NULL
  ) AS "is_seen"
FROM "changed"
LEFT JOIN "winners" AS "found"
  ON (
    "found"."k0" = "changed"."k0"
  )
LEFT JOIN "seen"
  ON (
    "seen"."k0" = "changed"."k0"
  )
