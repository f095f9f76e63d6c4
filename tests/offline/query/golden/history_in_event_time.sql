WITH "spine" AS (
  SELECT
    *
  FROM "lake"."labels"
), "entity__card__asked" AS (
  SELECT DISTINCT
    "entity__card" AS "skewless_entity",
    "given__card"
  FROM "spine"
), "source__cards__card__scanned" AS (
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
), "source__cards__card__asked" AS (
  SELECT
    "asked"."skewless_entity",
    "log".*
  FROM "source__cards__card__scanned" AS "log"
  JOIN "entity__card__asked" AS "asked"
    ON (
      "log"."column__card" = "asked"."given__card"
    )
), "view__limits_v1_points" AS (
  SELECT DISTINCT
    "entity__card" AS "entity",
    "skewless_instant" AS "as_of",
    "skewless_instant" AS "horizon"
  FROM "spine"
), "view__limits_v1_events" AS (
  SELECT
    "skewless_entity" AS "entity",
    "skewless_happened" AS "happened",
    "skewless_happened" AS "known",
    CAST(NULL AS BIGINT) AS "tie",
    "column__limit" AS "c0",
    "column__opened" AS "c1",
    COALESCE("column__is_deleted", FALSE) AS "deleted"
  FROM "source__cards__card__asked"
), "view__limits_v1_axis" AS (
  SELECT
    "entity",
    "known" AS "at",
    1 AS "kind",
    CAST(NULL AS BIGINT) AS "as_of",
    CAST(NULL AS BIGINT) AS "horizon",
    "happened"
  FROM "view__limits_v1_events"
  UNION ALL
  SELECT
    "entity",
    "horizon" AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    CAST(NULL AS BIGINT) AS "happened"
  FROM "view__limits_v1_points"
), "view__limits_v1_running" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    "kind",
    MAX("happened") OVER (
      PARTITION BY "entity"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "latest"
  FROM "view__limits_v1_axis"
), "view__limits_v1_candidates" AS (
  SELECT
    "point"."entity",
    "point"."as_of",
    "point"."horizon",
    "event"."tie",
    "event"."c0",
    "event"."c1",
    "event"."deleted"
  FROM "view__limits_v1_running" AS "point"
  LEFT JOIN "view__limits_v1_events" AS "event"
    ON (
      "event"."entity" = "point"."entity"
    )
    AND (
      "event"."happened" = "point"."latest"
    )
    AND (
      "event"."known" < "point"."horizon"
    )
    AND (
      (
        "point"."as_of" - 31536000000000
      ) <= "event"."happened"
    )
  WHERE
    (
      "point"."kind" = 0
    )
), "view__limits_v1_winner" AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (
        PARTITION BY "entity", "as_of", "horizon"
        ORDER BY "tie" DESC, "c0" DESC, "c1" DESC, "deleted" DESC
      ) AS "rank"
    FROM "view__limits_v1_candidates"
  ) AS "ranked"
  WHERE
    (
      "rank" = 1
    )
), "view__limits_v1_features" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    CASE WHEN NOT "deleted" THEN "c0" END AS "feature__limit",
    CASE WHEN NOT "deleted" THEN "c1" END AS "feature__opened"
  FROM "view__limits_v1_winner"
)
SELECT
  "spine"."skewless_row",
  "view__limits_v1_features"."feature__limit" AS "view__limits_v1__feature__limit",
  "view__limits_v1_features"."feature__opened" AS "view__limits_v1__feature__opened"
FROM "spine"
JOIN "view__limits_v1_features"
  ON (
    "view__limits_v1_features"."entity" = "spine"."entity__card"
  )
  AND (
    "view__limits_v1_features"."as_of" = "spine"."skewless_instant"
  )
  AND (
    "view__limits_v1_features"."horizon" = "spine"."skewless_instant"
  )
