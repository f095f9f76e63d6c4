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
), "source_rows_ids" AS (
  SELECT
    *,
    LAG("skewless_known") OVER (
      PARTITION BY "column__card", "column__payment"
      ORDER BY "skewless_known" ASC NULLS FIRST, "skewless_shard" ASC NULLS FIRST, "skewless_sequence" ASC NULLS FIRST
    ) AS "skewless_previous"
  FROM "source_rows"
), "source_rows_once" AS (
  SELECT
    *
  FROM "source_rows_ids"
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
    "column__items" AS "v3"
  FROM "source_rows_once"
  WHERE
    (
      NOT "column__is_refund"
    )
), "changed" AS (
  SELECT DISTINCT
    "column__card" AS "k0"
  FROM "source_rows"
  WHERE
    (
      1709251200000000 <= "skewless_known"
    )
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
        "hop" IS NULL
      )
      THEN 0
      ELSE (
        "happened" - MOD((
          MOD("happened", "hop") + "hop"
        ), "hop")
      )
    END AS "start"
  FROM "ranked"
  CROSS JOIN (VALUES
    (0, CAST(300000000 AS BIGINT), CAST(1709334000000000 AS BIGINT)),
    (1, CAST(21600000000 AS BIGINT), CAST(1708732800000000 AS BIGINT)),
    (2, CAST(NULL AS BIGINT), CAST((
        -4611686018427387904
    ) AS BIGINT))) AS "sets"("tile_set", "hop", "first")
  WHERE
    (
      "first" <= "happened"
    )
), "tiles" AS (
  SELECT
    "k0",
    "tile_set",
    "start",
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
    MAX("rank3") AS "last3_rank",
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
), "picked" AS (
  SELECT
    "tiles".*,
    "last3"."happened" AS "last3_at",
    "last3"."tie" AS "last3_tie",
    "last3"."v3" AS "last3_value"
  FROM "tiles"
  LEFT JOIN "ranked" AS "last3"
    ON (
      "last3"."k0" = "tiles"."k0"
    )
    AND (
      "last3"."rank3" = "tiles"."last3_rank"
    )
), "seen" AS (
  SELECT DISTINCT
    "k0"
  FROM "events"
)
SELECT
  "changed"."k0",
  "found"."tile_set",
  "found"."start",
  "found"."n0",
  "found"."S0",
  "found"."max0",
  "found"."n2",
  "found"."n3",
  "found"."last3_at",
  "found"."last3_tie",
  "found"."last3_value",
  "found"."Q0_high",
  "found"."Q0_low",
  "found"."n1",
  "found"."S1",
  (
    NOT "seen"."k0" IS NULL
  ) AS "is_seen"
FROM "changed"
LEFT JOIN "picked" AS "found"
  ON (
    "found"."k0" = "changed"."k0"
  )
LEFT JOIN "seen"
  ON (
    "seen"."k0" = "changed"."k0"
  )
