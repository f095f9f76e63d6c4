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
    COALESCE("column__is_deleted", FALSE) AS "deleted",
    1 AS "passes"
  FROM "source_rows"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "k0"
      ORDER BY CASE WHEN (
        "passes" = 1
      ) THEN 1 ELSE 0 END DESC, "happened" DESC, "tie" DESC, "c0" DESC, "c1" DESC, "deleted" DESC
    ) AS "rank"
  FROM "events"
), "winners" AS (
  SELECT
    "k0",
    CASE WHEN (
      "passes" = 1
    ) THEN "happened" END AS "happened",
    CASE WHEN (
      "passes" = 1
    ) THEN "tie" END AS "tie",
    CASE WHEN (
      "passes" = 1
    ) THEN "c0" END AS "c0",
    CASE WHEN (
      "passes" = 1
    ) THEN "c1" END AS "c1",
    CASE WHEN (
      "passes" = 1
    ) THEN "deleted" END AS "deleted",
    "passes" AS "seen"
  FROM "ranked"
  WHERE
    (
      "rank" = 1
    )
)
SELECT
  "k0",
  "happened",
  "tie",
  "c0",
  "c1",
  "deleted",
  (
    1 <= "seen"
  ) AS "is_seen"
FROM "winners"
