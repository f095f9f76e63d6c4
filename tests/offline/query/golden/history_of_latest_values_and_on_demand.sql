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
  WHERE
    (
      "scanned"."ingest_time" < CAST('2024-03-01 00:00:00.000000' AS TIMESTAMP(6))
    )
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
    (
      (
        "skewless_instant" - 7200000000
      ) - MOD(
        (
          MOD((
            "skewless_instant" - 7200000000
          ), 86400000000) + 86400000000
        ),
        86400000000
      )
    ) AS "as_of",
    (
      (
        "skewless_instant" - 7200000000
      ) - MOD(
        (
          MOD((
            "skewless_instant" - 7200000000
          ), 86400000000) + 86400000000
        ),
        86400000000
      )
    ) AS "horizon"
  FROM "spine"
), "view__limits_v1_events" AS (
  SELECT
    "skewless_entity" AS "entity",
    "skewless_happened" AS "happened",
    "skewless_known" AS "known",
    CAST(NULL AS BIGINT) AS "tie",
    "column__limit" AS "c0",
    "column__opened" AS "c1",
    COALESCE("column__is_deleted", FALSE) AS "deleted"
  FROM "source__cards__card__asked"
), "view__limits_v1_numbered" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "entity"
      ORDER BY "happened" ASC NULLS FIRST, "tie" ASC NULLS FIRST, "c0" ASC NULLS FIRST, "c1" ASC NULLS FIRST, "deleted" ASC NULLS FIRST
    ) AS "number"
  FROM "view__limits_v1_events"
), "view__limits_v1_axis" AS (
  SELECT
    "entity",
    "known" AS "at",
    1 AS "kind",
    CAST(NULL AS BIGINT) AS "as_of",
    CAST(NULL AS BIGINT) AS "horizon",
    "number",
    "happened",
    "c0",
    "c1",
    "deleted"
  FROM "view__limits_v1_numbered"
  UNION ALL
  SELECT
    "entity",
    "horizon" AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    NULL AS "number",
    NULL AS "happened",
    NULL AS "c0",
    NULL AS "c1",
    NULL AS "deleted"
  FROM "view__limits_v1_points"
), "view__limits_v1_running" AS (
  SELECT
    *,
    MAX("number") OVER (
      PARTITION BY "entity"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "latest"
  FROM "view__limits_v1_axis"
), "view__limits_v1_found" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    "kind",
    FIRST_VALUE("happened") OVER (
      PARTITION BY "entity", CASE WHEN (
        "kind" = 1
      ) THEN "number" ELSE "latest" END
      ORDER BY "kind" DESC
    ) AS "happened",
    FIRST_VALUE("c0") OVER (
      PARTITION BY "entity", CASE WHEN (
        "kind" = 1
      ) THEN "number" ELSE "latest" END
      ORDER BY "kind" DESC
    ) AS "c0",
    FIRST_VALUE("c1") OVER (
      PARTITION BY "entity", CASE WHEN (
        "kind" = 1
      ) THEN "number" ELSE "latest" END
      ORDER BY "kind" DESC
    ) AS "c1",
    FIRST_VALUE("deleted") OVER (
      PARTITION BY "entity", CASE WHEN (
        "kind" = 1
      ) THEN "number" ELSE "latest" END
      ORDER BY "kind" DESC
    ) AS "deleted"
  FROM "view__limits_v1_running"
), "view__limits_v1_winner" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    CASE WHEN (
      (
        "as_of" - 31536000000000
      ) <= "happened"
    ) THEN "c0" END AS "c0",
    CASE WHEN (
      (
        "as_of" - 31536000000000
      ) <= "happened"
    ) THEN "c1" END AS "c1",
    CASE WHEN (
      (
        "as_of" - 31536000000000
      ) <= "happened"
    ) THEN "deleted" END AS "deleted"
  FROM "view__limits_v1_found"
  WHERE
    (
      "kind" = 0
    )
), "view__limits_v1_features" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    CASE WHEN NOT "deleted" THEN "c0" END AS "feature__limit",
    CASE WHEN NOT "deleted" THEN "c1" END AS "feature__opened"
  FROM "view__limits_v1_winner"
), "joined" AS (
  SELECT
    "spine".*,
    "view__limits_v1_features"."feature__limit" AS "view__limits_v1__feature__limit",
    "view__limits_v1_features"."feature__opened" AS "view__limits_v1__feature__opened"
  FROM "spine"
  JOIN "view__limits_v1_features"
    ON (
      "view__limits_v1_features"."entity" = "spine"."entity__card"
    )
    AND (
      "view__limits_v1_features"."as_of" = (
        (
          "spine"."skewless_instant" - 7200000000
        ) - MOD(
          (
            MOD((
              "spine"."skewless_instant" - 7200000000
            ), 86400000000) + 86400000000
          ),
          86400000000
        )
      )
    )
    AND (
      "view__limits_v1_features"."horizon" = (
        (
          "spine"."skewless_instant" - 7200000000
        ) - MOD(
          (
            MOD((
              "spine"."skewless_instant" - 7200000000
            ), 86400000000) + 86400000000
          ),
          86400000000
        )
      )
    )
), "view__use_v1_added" AS (
  SELECT
    *,
    (
      CASE
        WHEN IS_FINITE(
          (
            CAST("given__amount" AS DOUBLE) / NULLIF(CAST("view__limits_v1__feature__limit" AS DOUBLE), 0.0e0)
          )
        )
        THEN (
          CAST("given__amount" AS DOUBLE) / NULLIF(CAST("view__limits_v1__feature__limit" AS DOUBLE), 0.0e0)
        )
      END + 0.0e0
    ) AS "view__use_v1__feature__share"
  FROM "joined"
)
SELECT
  "skewless_row",
  "view__limits_v1__feature__limit",
  "view__limits_v1__feature__opened",
  "view__use_v1__feature__share"
FROM "view__use_v1_added"
