WITH "logged" AS (
  SELECT
    (
      (
        DATE_DIFF(
          'second',
          CAST('1970-01-01 00:00:00' AS TIMESTAMP),
          DATE_TRUNC('second', "scanned"."changed_at")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "scanned"."changed_at")
              ),
              "scanned"."changed_at"
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
          DATE_TRUNC('second', "scanned"."ingest_time")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "scanned"."ingest_time")
              ),
              "scanned"."ingest_time"
            )
          ) * 1000000.0e0
        )
      ) AS BIGINT)
    ) AS "skewless_known",
    "scanned"."ingest_shard" AS "skewless_shard",
    "scanned"."ingest_sequence" AS "skewless_sequence",
    "scanned"."card" AS "column__card",
    "scanned"."limit" AS "column__limit",
    (
      (
        DATE_DIFF(
          'second',
          CAST('1970-01-01 00:00:00' AS TIMESTAMP),
          DATE_TRUNC('second', "scanned"."opened")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "scanned"."opened")
              ),
              "scanned"."opened"
            )
          ) * 1000000.0e0
        )
      ) AS BIGINT)
    ) AS "column__opened",
    "scanned"."is_deleted" AS "column__is_deleted"
  FROM "lake"."cards" AS "scanned"
  WHERE
    (
      "scanned"."ingest_time" < CAST('2024-03-02 00:00:00.000000' AS TIMESTAMP(6))
    )
), "source_rows" AS (
  SELECT
    *
  FROM "logged"
  WHERE
    (
      "skewless_known" < 1709337600000000
    ) AND (
      NOT "column__card" IS NULL
    )
), "events" AS (
  SELECT
    "column__card" AS "k0",
    "skewless_happened" AS "happened",
    "skewless_known" AS "known",
    CAST(NULL AS BIGINT) AS "tie",
    "column__limit" AS "c0",
    "column__opened" AS "c1",
    COALESCE("column__is_deleted", FALSE) AS "deleted"
  FROM "source_rows"
), "changed" AS (
  SELECT DISTINCT
    "column__card" AS "k0"
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
