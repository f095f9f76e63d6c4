WITH "spine" AS (
  SELECT
    *
  FROM "lake"."labels"
), "card_asked" AS (
  SELECT DISTINCT
    "entity_card" AS "skewless_entity",
    "card"
  FROM "spine"
), "cards_rows_card" AS (
  SELECT
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
), "cards_of_card" AS (
  SELECT
    "asked"."skewless_entity",
    "log".*
  FROM "cards_rows_card" AS "log"
  JOIN "card_asked" AS "asked"
    ON (
      "log"."card" = "asked"."card"
    )
), "limits_points" AS (
  SELECT DISTINCT
    "entity_card" AS "entity",
    "skewless_instant" AS "as_of",
    "skewless_instant" AS "horizon"
  FROM "spine"
), "limits_events" AS (
  SELECT
    "skewless_entity" AS "entity",
    "skewless_happened" AS "happened",
    "skewless_happened" AS "known",
    CAST(NULL AS BIGINT) AS "tie",
    "limit" AS "c0",
    "opened" AS "c1",
    COALESCE("is_deleted", FALSE) AS "deleted"
  FROM "cards_of_card"
), "limits_axis" AS (
  SELECT
    "entity",
    "known" AS "at",
    1 AS "kind",
    CAST(NULL AS BIGINT) AS "as_of",
    CAST(NULL AS BIGINT) AS "horizon",
    "happened"
  FROM "limits_events"
  UNION ALL
  SELECT
    "entity",
    "horizon" AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    CAST(NULL AS BIGINT) AS "happened"
  FROM "limits_points"
), "limits_running" AS (
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
  FROM "limits_axis"
), "limits_winner" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    "tie",
    "c0",
    "c1",
    "deleted"
  FROM (
    SELECT
      "entity",
      "as_of",
      "horizon",
      "tie",
      "c0",
      "c1",
      "deleted",
      ROW_NUMBER() OVER (
        PARTITION BY "entity", "as_of", "horizon"
        ORDER BY "tie" DESC, "c0" DESC, "c1" DESC, "deleted" DESC
      ) AS "rank"
    FROM (
      SELECT
        "point"."entity",
        "point"."as_of",
        "point"."horizon",
        "event"."tie",
        "event"."c0",
        "event"."c1",
        "event"."deleted"
      FROM "limits_running" AS "point"
      LEFT JOIN "limits_events" AS "event"
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
    ) AS "candidates"
  ) AS "ranked"
  WHERE
    (
      "rank" = 1
    )
), "limits_features" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    CASE WHEN NOT "deleted" THEN "c0" END AS "limit",
    CASE WHEN NOT "deleted" THEN "c1" END AS "opened"
  FROM "limits_winner"
), "joined" AS (
  SELECT
    "spine".*,
    "limits_features"."limit" AS "skewless_limits__limit",
    "limits_features"."opened" AS "skewless_limits__opened"
  FROM "spine"
  JOIN "limits_features"
    ON (
      "limits_features"."entity" = "spine"."entity_card"
    )
    AND (
      "limits_features"."as_of" = "spine"."skewless_instant"
    )
    AND (
      "limits_features"."horizon" = "spine"."skewless_instant"
    )
)
SELECT
  "skewless_row",
  "skewless_limits__limit" AS "limit",
  "skewless_limits__opened" AS "opened"
FROM "joined"
