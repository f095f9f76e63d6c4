WITH "logged" AS (
  SELECT
    (
      (
        DATE_DIFF(
          'second',
          CAST('1970-01-01 00:00:00' AS TIMESTAMP),
          DATE_TRUNC('second', "scanned"."paid_at")
        ) * 1000000
      ) + CAST(ROUND(
        (
          TO_UNIXTIME(
            DATE_ADD(
              'second',
              -DATE_DIFF(
                'second',
                CAST('1970-01-01 00:00:00' AS TIMESTAMP),
                DATE_TRUNC('second', "scanned"."paid_at")
              ),
              "scanned"."paid_at"
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
    "scanned"."amount" AS "column__amount",
    CAST((
      CAST("scanned"."fee" AS DECIMAL(10, 2)) * CAST(100 AS DECIMAL(3, 0))
    ) AS BIGINT) AS "column__fee",
    "scanned"."items" AS "column__items",
    "scanned"."is_refund" AS "column__is_refund",
    "scanned"."payment" AS "column__payment",
    "scanned"."rank" AS "column__rank"
  FROM "lake"."payments" AS "scanned"
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
), "marked_rows" AS (
  SELECT
    *,
    MAX(CASE WHEN (
      1709251200000000 <= "skewless_known"
    ) THEN 1 ELSE 0 END) OVER (PARTITION BY "column__card") AS "skewless_changed"
  FROM "source_rows"
), "changed_rows" AS (
  SELECT
    *
  FROM "marked_rows"
  WHERE
    (
      "skewless_changed" = 1
    )
), "changed_rows_ids" AS (
  SELECT
    *,
    LAG("skewless_known") OVER (
      PARTITION BY "column__card", "column__payment"
      ORDER BY "skewless_known" ASC NULLS FIRST, "skewless_shard" ASC NULLS FIRST, "skewless_sequence" ASC NULLS FIRST
    ) AS "skewless_previous"
  FROM "changed_rows"
), "changed_rows_once" AS (
  SELECT
    *
  FROM "changed_rows_ids"
  WHERE
    NOT (
      (
        NOT "column__payment" IS NULL
      )
      AND (
        NOT "skewless_previous" IS NULL
      )
      AND (
        (
          "skewless_known" - "skewless_previous"
        ) <= 900000000
      )
      AND (
        (
          "skewless_known" - MOD((
            MOD("skewless_known", 86400000000) + 86400000000
          ), 86400000000)
        ) = (
          "skewless_previous" - MOD((
            MOD("skewless_previous", 86400000000) + 86400000000
          ), 86400000000)
        )
      )
    )
), "events" AS (
  SELECT
    "column__card" AS "k0",
    "skewless_happened" AS "happened",
    "skewless_known" AS "known",
    "column__rank" AS "tie",
    CAST(CASE WHEN (
      NOT "column__amount" IS NULL
    ) THEN 1 ELSE 0 END AS BIGINT) AS "n0",
    "column__amount" AS "v0",
    CAST(CASE
      WHEN (
        (
          -9.223372036854776e+18
        ) <= (
          "column__amount" * 1000000.0e0
        )
      )
      AND (
        (
          "column__amount" * 1000000.0e0
        ) < 9.223372036854776e+18
      )
      THEN CAST(CASE
        WHEN (
          0.5e0 <= ABS(
            (
              (
                "column__amount" * 1000000.0e0
              ) - TRUNCATE((
                "column__amount" * 1000000.0e0
              ))
            )
          )
        )
        THEN (
          TRUNCATE((
            "column__amount" * 1000000.0e0
          )) + SIGN((
            "column__amount" * 1000000.0e0
          ))
        )
        ELSE TRUNCATE((
          "column__amount" * 1000000.0e0
        ))
      END AS BIGINT)
    END AS BIGINT) AS "u0",
    CAST(CASE WHEN (
      NOT "column__fee" IS NULL
    ) THEN 1 ELSE 0 END AS BIGINT) AS "n1",
    "column__fee" AS "v1",
    CAST("column__fee" AS BIGINT) AS "u1",
    CAST(CASE WHEN (
      "column__amount" > CAST(100 AS DOUBLE)
    ) THEN 1 ELSE 0 END AS BIGINT) AS "n2",
    CAST(CASE WHEN (
      NOT "column__items" IS NULL
    ) THEN 1 ELSE 0 END AS BIGINT) AS "n3",
    "column__items" AS "v3",
    CASE WHEN (
      NOT "column__is_refund"
    ) THEN 1 ELSE 0 END AS "passes"
  FROM "changed_rows_once"
), "ranked" AS (
  SELECT
    *,
    CASE
      WHEN (
        "n3" = 1
      )
      THEN ROW_NUMBER() OVER (
        PARTITION BY "k0", "n3"
        ORDER BY "happened" ASC NULLS FIRST, "tie" ASC NULLS FIRST, "v3" ASC NULLS FIRST
      )
    END AS "rank3"
  FROM "events"
), "placed" AS (
  SELECT
    *,
    CASE
      WHEN (
        NOT "tile_set" IS NULL
      )
      THEN CASE
        WHEN (
          "hop" IS NULL
        )
        THEN 0
        ELSE (
          "happened" - MOD((
            MOD("happened", "hop") + "hop"
          ), "hop")
        )
      END
    END AS "start"
  FROM "ranked"
  CROSS JOIN (VALUES
    (CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)),
    (0, CAST(300000000 AS BIGINT), CAST(1709334000000000 AS BIGINT)),
    (1, CAST(21600000000 AS BIGINT), CAST(1708732800000000 AS BIGINT)),
    (2, CAST(NULL AS BIGINT), CAST((
        -4611686018427387904
    ) AS BIGINT))) AS "sets"("tile_set", "hop", "first")
  WHERE
    (
      (
        NOT "tile_set" IS NULL
      )
      AND (
        "first" <= "happened"
      )
      AND (
        "passes" = 1
      )
    )
    OR (
      "tile_set" IS NULL
    )
), "tiles" AS (
  SELECT
    "k0",
    "tile_set",
    "start",
    MAX("passes") AS "seen",
    CAST(SUM("n0") AS BIGINT) AS "n0",
    CASE
      WHEN (
        0 < COUNT(CASE WHEN (
          "n0" = 1
        ) AND (
          "u0" IS NULL
        ) THEN 1 END)
      )
      THEN '1000000000000000000000000000000000000000000000'
      ELSE CAST(COALESCE(SUM(CAST("u0" AS DECIMAL(38, 0))), 0) AS VARCHAR)
    END AS "S0",
    MAX("v0") AS "max0",
    CAST(SUM("n2") AS BIGINT) AS "n2",
    CAST(SUM("n3") AS BIGINT) AS "n3",
    MAX_BY("happened", "rank3") AS "last3_at",
    MAX_BY("tie", "rank3") AS "last3_tie",
    MAX_BY("v3", "rank3") AS "last3_value",
    CASE
      WHEN (
        0 < COUNT(CASE WHEN (
          "n0" = 1
        ) AND (
          "u0" IS NULL
        ) THEN 1 END)
      )
      THEN '1000000000000000000000000000'
      ELSE CAST(COALESCE(
        SUM(
          CAST((
            (
              (
                CAST("u0" AS DECIMAL(38, 0)) * CAST("u0" AS DECIMAL(38, 0))
              ) - MOD(
                (
                  CAST("u0" AS DECIMAL(38, 0)) * CAST("u0" AS DECIMAL(38, 0))
                ),
                CAST(1000000000000000000 AS DECIMAL(38, 0))
              )
            ) / CAST(1000000000000000000 AS DECIMAL(38, 0))
          ) AS DECIMAL(38, 0))
        ),
        0
      ) AS VARCHAR)
    END AS "Q0_high",
    CAST(COALESCE(
      SUM(
        MOD(
          (
            CAST("u0" AS DECIMAL(38, 0)) * CAST("u0" AS DECIMAL(38, 0))
          ),
          CAST(1000000000000000000 AS DECIMAL(38, 0))
        )
      ),
      0
    ) AS VARCHAR) AS "Q0_low",
    CAST(SUM("n1") AS BIGINT) AS "n1",
    CAST(COALESCE(SUM(CAST("u1" AS DECIMAL(38, 0))), 0) AS VARCHAR) AS "S1"
  FROM "placed"
  GROUP BY
    "k0",
    "tile_set",
    "start"
)
SELECT
  "k0",
  "tile_set",
  "start",
  "n0",
  "S0",
  "max0",
  "n2",
  "n3",
  "last3_at",
  "last3_tie",
  "last3_value",
  "Q0_high",
  "Q0_low",
  "n1",
  "S1",
  (
    1 <= "seen"
  ) AS "is_seen"
FROM "tiles"
