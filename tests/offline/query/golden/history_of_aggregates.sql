WITH "spine" AS (
  SELECT
    *
  FROM "lake"."labels"
), "entity__card__asked" AS (
  SELECT DISTINCT
    "entity__card" AS "skewless_entity",
    "given__card"
  FROM "spine"
), "source__payments__card__scanned" AS (
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
), "source__payments__card__asked" AS (
  SELECT
    "asked"."skewless_entity",
    "log".*
  FROM "source__payments__card__scanned" AS "log"
  JOIN "entity__card__asked" AS "asked"
    ON (
      "log"."column__card" = "asked"."given__card"
    )
), "source__payments__card__asked_ids" AS (
  SELECT
    *,
    LAG("skewless_known") OVER (
      PARTITION BY "skewless_entity", "column__payment"
      ORDER BY "skewless_known" ASC NULLS FIRST, "skewless_shard" ASC NULLS FIRST, "skewless_sequence" ASC NULLS FIRST
    ) AS "skewless_previous"
  FROM "source__payments__card__asked"
), "source__payments__card__asked_once" AS (
  SELECT
    *
  FROM "source__payments__card__asked_ids"
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
), "view__spending_v1_points" AS (
  SELECT DISTINCT
    "entity__card" AS "entity",
    "skewless_instant" AS "as_of",
    "skewless_instant" AS "horizon"
  FROM "spine"
), "view__spending_v1_events" AS (
  SELECT
    "skewless_entity" AS "entity",
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
  FROM "source__payments__card__asked_once"
  WHERE
    (
      NOT "column__is_refund"
    )
), "view__spending_v1_axis" AS (
  SELECT
    "entity",
    "lane",
    CASE WHEN (
      "lane" = 0
    ) THEN "known" ELSE "happened" END AS "at",
    1 AS "kind",
    CAST(NULL AS BIGINT) AS "as_of",
    CAST(NULL AS BIGINT) AS "horizon",
    CAST(NULL AS BIGINT) AS "asks",
    "n0" AS "n0",
    CASE WHEN (
      "n0" = 1
    ) AND (
      "u0" IS NULL
    ) THEN 1 ELSE 0 END AS "o0",
    CAST("u0" AS DECIMAL(38, 0)) AS "S0",
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
    ) AS DECIMAL(38, 0)) AS "Qhigh0",
    MOD(
      (
        CAST("u0" AS DECIMAL(38, 0)) * CAST("u0" AS DECIMAL(38, 0))
      ),
      CAST(1000000000000000000 AS DECIMAL(38, 0))
    ) AS "Qlow0",
    "n1" AS "n1",
    CAST("u1" AS DECIMAL(38, 0)) AS "S1",
    "n2" AS "n2",
    "n3" AS "n3",
    CASE WHEN (
      "lane" = 0
    ) THEN CASE WHEN (
      "n3" = 1
    ) THEN "happened" END END AS "latest3"
  FROM "view__spending_v1_events"
  CROSS JOIN (VALUES
    (0),
    (1)) AS lanes(lane)
  UNION ALL
  SELECT
    "entity",
    0 AS "lane",
    "horizon" AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    0 AS "asks",
    CAST(NULL AS BIGINT) AS "n0",
    CAST(NULL AS BIGINT) AS "o0",
    CAST(NULL AS DECIMAL(38, 0)) AS "S0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qhigh0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qlow0",
    CAST(NULL AS BIGINT) AS "n1",
    CAST(NULL AS DECIMAL(38, 0)) AS "S1",
    CAST(NULL AS BIGINT) AS "n2",
    CAST(NULL AS BIGINT) AS "n3",
    CAST(NULL AS BIGINT) AS "latest3"
  FROM "view__spending_v1_points"
  UNION ALL
  SELECT
    "entity",
    1 AS "lane",
    (
      (
        "as_of" - 3600000000
      ) - MOD((
        MOD((
          "as_of" - 3600000000
        ), 300000000) + 300000000
      ), 300000000)
    ) AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    1 AS "asks",
    CAST(NULL AS BIGINT) AS "n0",
    CAST(NULL AS BIGINT) AS "o0",
    CAST(NULL AS DECIMAL(38, 0)) AS "S0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qhigh0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qlow0",
    CAST(NULL AS BIGINT) AS "n1",
    CAST(NULL AS DECIMAL(38, 0)) AS "S1",
    CAST(NULL AS BIGINT) AS "n2",
    CAST(NULL AS BIGINT) AS "n3",
    CAST(NULL AS BIGINT) AS "latest3"
  FROM "view__spending_v1_points"
  UNION ALL
  SELECT
    "entity",
    1 AS "lane",
    (
      (
        "as_of" - 604800000000
      ) - MOD(
        (
          MOD((
            "as_of" - 604800000000
          ), 21600000000) + 21600000000
        ),
        21600000000
      )
    ) AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    2 AS "asks",
    CAST(NULL AS BIGINT) AS "n0",
    CAST(NULL AS BIGINT) AS "o0",
    CAST(NULL AS DECIMAL(38, 0)) AS "S0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qhigh0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qlow0",
    CAST(NULL AS BIGINT) AS "n1",
    CAST(NULL AS DECIMAL(38, 0)) AS "S1",
    CAST(NULL AS BIGINT) AS "n2",
    CAST(NULL AS BIGINT) AS "n3",
    CAST(NULL AS BIGINT) AS "latest3"
  FROM "view__spending_v1_points"
  UNION ALL
  SELECT
    "entity",
    1 AS "lane",
    (
      -4611686018427387904
    ) AS "at",
    0 AS "kind",
    "as_of",
    "horizon",
    3 AS "asks",
    CAST(NULL AS BIGINT) AS "n0",
    CAST(NULL AS BIGINT) AS "o0",
    CAST(NULL AS DECIMAL(38, 0)) AS "S0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qhigh0",
    CAST(NULL AS DECIMAL(38, 0)) AS "Qlow0",
    CAST(NULL AS BIGINT) AS "n1",
    CAST(NULL AS DECIMAL(38, 0)) AS "S1",
    CAST(NULL AS BIGINT) AS "n2",
    CAST(NULL AS BIGINT) AS "n3",
    CAST(NULL AS BIGINT) AS "latest3"
  FROM "view__spending_v1_points"
), "view__spending_v1_running" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    "kind",
    "asks",
    SUM("n0") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "n0",
    SUM("o0") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "o0",
    SUM("S0") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "S0",
    SUM("Qhigh0") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "Qhigh0",
    SUM("Qlow0") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "Qlow0",
    SUM("n1") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "n1",
    SUM("S1") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "S1",
    SUM("n2") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "n2",
    SUM("n3") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "n3",
    MAX("latest3") OVER (
      PARTITION BY "entity", "lane"
      ORDER BY "at", "kind"
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS "latest3"
  FROM "view__spending_v1_axis"
), "view__spending_v1_late" AS (
  SELECT
    "point"."entity",
    "point"."as_of",
    "point"."horizon",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN "event"."n0"
      END
    ) AS "n0_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN CASE WHEN (
          "event"."n0" = 1
        ) AND (
          "event"."u0" IS NULL
        ) THEN 1 ELSE 0 END
      END
    ) AS "o0_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN CAST("event"."u0" AS DECIMAL(38, 0))
      END
    ) AS "S0_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN CAST((
          (
            (
              CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
            ) - MOD(
              (
                CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
              ),
              CAST(1000000000000000000 AS DECIMAL(38, 0))
            )
          ) / CAST(1000000000000000000 AS DECIMAL(38, 0))
        ) AS DECIMAL(38, 0))
      END
    ) AS "Qhigh0_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN MOD(
          (
            CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
          ),
          CAST(1000000000000000000 AS DECIMAL(38, 0))
        )
      END
    ) AS "Qlow0_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN "event"."n2"
      END
    ) AS "n2_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          )
        )
        THEN "event"."n3"
      END
    ) AS "n3_3600s_300s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 604800000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 604800000000
                ), 21600000000) + 21600000000
              ),
              21600000000
            )
          )
        )
        THEN "event"."n0"
      END
    ) AS "n0_604800s_21600s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 604800000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 604800000000
                ), 21600000000) + 21600000000
              ),
              21600000000
            )
          )
        )
        THEN CASE WHEN (
          "event"."n0" = 1
        ) AND (
          "event"."u0" IS NULL
        ) THEN 1 ELSE 0 END
      END
    ) AS "o0_604800s_21600s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 604800000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 604800000000
                ), 21600000000) + 21600000000
              ),
              21600000000
            )
          )
        )
        THEN CAST("event"."u0" AS DECIMAL(38, 0))
      END
    ) AS "S0_604800s_21600s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 604800000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 604800000000
                ), 21600000000) + 21600000000
              ),
              21600000000
            )
          )
        )
        THEN CAST((
          (
            (
              CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
            ) - MOD(
              (
                CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
              ),
              CAST(1000000000000000000 AS DECIMAL(38, 0))
            )
          ) / CAST(1000000000000000000 AS DECIMAL(38, 0))
        ) AS DECIMAL(38, 0))
      END
    ) AS "Qhigh0_604800s_21600s",
    SUM(
      CASE
        WHEN (
          "event"."happened" < (
            (
              "point"."as_of" - 604800000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 604800000000
                ), 21600000000) + 21600000000
              ),
              21600000000
            )
          )
        )
        THEN MOD(
          (
            CAST("event"."u0" AS DECIMAL(38, 0)) * CAST("event"."u0" AS DECIMAL(38, 0))
          ),
          CAST(1000000000000000000 AS DECIMAL(38, 0))
        )
      END
    ) AS "Qlow0_604800s_21600s"
  FROM "view__spending_v1_points" AS "point"
  JOIN "view__spending_v1_events" AS "event"
    ON (
      "event"."entity" = "point"."entity"
    )
    AND (
      "point"."horizon" <= "event"."known"
    )
    AND (
      "event"."happened" < (
        "point"."as_of" - 3600000000
      )
    )
    AND (
      3600000000 < (
        "event"."known" - "event"."happened"
      )
    )
  GROUP BY
    "point"."entity",
    "point"."as_of",
    "point"."horizon"
), "view__spending_v1_partials" AS (
  SELECT
    "running"."entity",
    "running"."as_of",
    "running"."horizon",
    MAX(CASE WHEN (
      "running"."asks" = 0
    ) THEN "running"."latest3" END) AS "latest3",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."n0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."n0" END), 0)
      ) + COALESCE(MAX("late"."n0_3600s_300s"), 0)
    ) AS "n0_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."o0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."o0" END), 0)
      ) + COALESCE(MAX("late"."o0_3600s_300s"), 0)
    ) AS "o0_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."S0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."S0" END), 0)
      ) + COALESCE(MAX("late"."S0_3600s_300s"), 0)
    ) AS "S0_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."Qhigh0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."Qhigh0" END), 0)
      ) + COALESCE(MAX("late"."Qhigh0_3600s_300s"), 0)
    ) AS "Qhigh0_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."Qlow0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."Qlow0" END), 0)
      ) + COALESCE(MAX("late"."Qlow0_3600s_300s"), 0)
    ) AS "Qlow0_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."n2" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."n2" END), 0)
      ) + COALESCE(MAX("late"."n2_3600s_300s"), 0)
    ) AS "n2_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."n3" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 1
        ) THEN "running"."n3" END), 0)
      ) + COALESCE(MAX("late"."n3_3600s_300s"), 0)
    ) AS "n3_3600s_300s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."n0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 2
        ) THEN "running"."n0" END), 0)
      ) + COALESCE(MAX("late"."n0_604800s_21600s"), 0)
    ) AS "n0_604800s_21600s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."o0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 2
        ) THEN "running"."o0" END), 0)
      ) + COALESCE(MAX("late"."o0_604800s_21600s"), 0)
    ) AS "o0_604800s_21600s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."S0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 2
        ) THEN "running"."S0" END), 0)
      ) + COALESCE(MAX("late"."S0_604800s_21600s"), 0)
    ) AS "S0_604800s_21600s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."Qhigh0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 2
        ) THEN "running"."Qhigh0" END), 0)
      ) + COALESCE(MAX("late"."Qhigh0_604800s_21600s"), 0)
    ) AS "Qhigh0_604800s_21600s",
    (
      (
        COALESCE(SUM(CASE WHEN (
          "running"."asks" = 0
        ) THEN "running"."Qlow0" END), 0) - COALESCE(SUM(CASE WHEN (
          "running"."asks" = 2
        ) THEN "running"."Qlow0" END), 0)
      ) + COALESCE(MAX("late"."Qlow0_604800s_21600s"), 0)
    ) AS "Qlow0_604800s_21600s",
    (
      COALESCE(SUM(CASE WHEN (
        "running"."asks" = 0
      ) THEN "running"."n1" END), 0) - COALESCE(SUM(CASE WHEN (
        "running"."asks" = 3
      ) THEN "running"."n1" END), 0)
    ) AS "n1_all",
    (
      COALESCE(SUM(CASE WHEN (
        "running"."asks" = 0
      ) THEN "running"."S1" END), 0) - COALESCE(SUM(CASE WHEN (
        "running"."asks" = 3
      ) THEN "running"."S1" END), 0)
    ) AS "S1_all"
  FROM "view__spending_v1_running" AS "running"
  LEFT JOIN "view__spending_v1_late" AS "late"
    ON (
      "late"."entity" = "running"."entity"
    )
    AND (
      "late"."as_of" = "running"."as_of"
    )
    AND (
      "late"."horizon" = "running"."horizon"
    )
  WHERE
    (
      "running"."kind" = 0
    )
  GROUP BY
    "running"."entity",
    "running"."as_of",
    "running"."horizon"
), "view__spending_v1_tiles_300s" AS (
  SELECT
    "entity",
    (
      "happened" - MOD((
        MOD("happened", 300000000) + 300000000
      ), 300000000)
    ) AS "tile",
    MAX("known") AS "known",
    MAX("v0") AS "greatest0"
  FROM "view__spending_v1_events"
  GROUP BY
    "entity",
    (
      "happened" - MOD((
        MOD("happened", 300000000) + 300000000
      ), 300000000)
    )
), "view__spending_v1_asked_3600s_300s" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    (
      (
        "as_of" - 3600000000
      ) - MOD((
        MOD((
          "as_of" - 3600000000
        ), 300000000) + 300000000
      ), 300000000)
    ) AS "edge",
    "tiles"."tile"
  FROM "view__spending_v1_points"
  CROSS JOIN UNNEST(SEQUENCE(
    (
      (
        (
          "as_of" - 3600000000
        ) - MOD((
          MOD((
            "as_of" - 3600000000
          ), 300000000) + 300000000
        ), 300000000)
      ) - MOD(
        (
          MOD(
            (
              (
                "as_of" - 3600000000
              ) - MOD((
                MOD((
                  "as_of" - 3600000000
                ), 300000000) + 300000000
              ), 300000000)
            ),
            300000000
          ) + 300000000
        ),
        300000000
      )
    ),
    (
      (
        "as_of" - 1
      ) - MOD((
        MOD((
          "as_of" - 1
        ), 300000000) + 300000000
      ), 300000000)
    ),
    300000000
  )) AS "tiles"("tile")
), "view__spending_v1_scan_3600s_300s" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    MAX("greatest0") AS "greatest0"
  FROM (
    SELECT
      "asked"."entity",
      "asked"."as_of",
      "asked"."horizon",
      CASE
        WHEN (
          "tile"."known" < "asked"."horizon"
        )
        AND (
          "asked"."edge" <= "asked"."tile"
        )
        THEN "tile"."greatest0"
        ELSE "event"."v0"
      END AS "greatest0"
    FROM "view__spending_v1_asked_3600s_300s" AS "asked"
    JOIN "view__spending_v1_tiles_300s" AS "tile"
      ON (
        "tile"."entity" = "asked"."entity"
      ) AND (
        "tile"."tile" = "asked"."tile"
      )
    LEFT JOIN "view__spending_v1_events" AS "event"
      ON (
        "event"."entity" = "asked"."entity"
      )
      AND (
        (
          "event"."happened" - MOD((
            MOD("event"."happened", 300000000) + 300000000
          ), 300000000)
        ) = CASE
          WHEN NOT (
            (
              "tile"."known" < "asked"."horizon"
            )
            AND (
              "asked"."edge" <= "asked"."tile"
            )
          )
          THEN "asked"."tile"
        END
      )
      AND (
        "event"."known" < "asked"."horizon"
      )
      AND (
        "asked"."edge" <= "event"."happened"
      )
  ) AS "parts"
  GROUP BY
    "entity",
    "as_of",
    "horizon"
), "view__spending_v1_last3_all_3600s_300s" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    "value"
  FROM (
    SELECT
      "entity",
      "as_of",
      "horizon",
      "value",
      ROW_NUMBER() OVER (PARTITION BY "entity", "as_of", "horizon" ORDER BY "tie" DESC, "value" DESC) AS "rank"
    FROM (
      SELECT
        "point"."entity",
        "point"."as_of",
        "point"."horizon",
        "event"."v3" AS "value",
        "event"."tie" AS "tie"
      FROM "view__spending_v1_partials" AS "point"
      JOIN "view__spending_v1_events" AS "event"
        ON (
          "event"."entity" = "point"."entity"
        )
        AND (
          "event"."happened" = "point"."latest3"
        )
        AND (
          "event"."known" < "point"."horizon"
        )
        AND (
          "event"."n3" = 1
        )
      WHERE
        (
          (
            (
              "point"."as_of" - 3600000000
            ) - MOD(
              (
                MOD((
                  "point"."as_of" - 3600000000
                ), 300000000) + 300000000
              ),
              300000000
            )
          ) <= "point"."latest3"
        )
    ) AS "candidates"
  ) AS "ranked"
  WHERE
    (
      "rank" = 1
    )
), "view__spending_v1_sums" AS (
  SELECT
    "partial"."entity",
    "partial"."as_of",
    "partial"."horizon",
    "partial"."S0_3600s_300s" AS "S0_3600s_300s",
    "partial"."n0_3600s_300s" AS "n0_3600s_300s",
    CASE
      WHEN (
        (
          CAST("partial"."Qhigh0_604800s_21600s" AS DECIMAL(38, 0)) + CAST((
            (
              CAST("partial"."Qlow0_604800s_21600s" AS DECIMAL(38, 0)) - MOD(
                CAST("partial"."Qlow0_604800s_21600s" AS DECIMAL(38, 0)),
                CAST(1000000000000000000 AS DECIMAL(38, 0))
              )
            ) / CAST(1000000000000000000 AS DECIMAL(38, 0))
          ) AS DECIMAL(38, 0))
        ) < CAST('100000000000000000000' AS DECIMAL(38, 0))
      )
      THEN (
        (
          CAST("partial"."Qhigh0_604800s_21600s" AS DECIMAL(38, 0)) * CAST(1000000000000000000 AS DECIMAL(38, 0))
        ) + CAST("partial"."Qlow0_604800s_21600s" AS DECIMAL(38, 0))
      )
    END AS "Q0_604800s_21600s",
    "partial"."S0_604800s_21600s" AS "S0_604800s_21600s",
    "partial"."n0_604800s_21600s" AS "n0_604800s_21600s",
    "partial"."S1_all" AS "S1_all",
    "partial"."n1_all" AS "n1_all",
    "partial"."n2_3600s_300s" AS "n2_3600s_300s",
    "view__spending_v1_scan_3600s_300s"."greatest0" AS "feature__largest_1h",
    "view__spending_v1_last3_all_3600s_300s"."value" AS "feature__last_items",
    (
      (
        0 < "partial"."o0_3600s_300s"
      )
    ) AS "overflow__mean_1h",
    (
      (
        0 < "partial"."o0_604800s_21600s"
      )
      OR NOT (
        (
          (
            CAST("partial"."Qhigh0_604800s_21600s" AS DECIMAL(38, 0)) + CAST((
              (
                CAST("partial"."Qlow0_604800s_21600s" AS DECIMAL(38, 0)) - MOD(
                  CAST("partial"."Qlow0_604800s_21600s" AS DECIMAL(38, 0)),
                  CAST(1000000000000000000 AS DECIMAL(38, 0))
                )
              ) / CAST(1000000000000000000 AS DECIMAL(38, 0))
            ) AS DECIMAL(38, 0))
          ) < CAST('100000000000000000000' AS DECIMAL(38, 0))
        )
      )
    ) AS "overflow__deviation_7d"
  FROM "view__spending_v1_partials" AS "partial"
  LEFT JOIN "view__spending_v1_scan_3600s_300s" AS "view__spending_v1_scan_3600s_300s"
    ON (
      "view__spending_v1_scan_3600s_300s"."entity" = "partial"."entity"
    )
    AND (
      "view__spending_v1_scan_3600s_300s"."as_of" = "partial"."as_of"
    )
    AND (
      "view__spending_v1_scan_3600s_300s"."horizon" = "partial"."horizon"
    )
  LEFT JOIN "view__spending_v1_last3_all_3600s_300s" AS "view__spending_v1_last3_all_3600s_300s"
    ON (
      "view__spending_v1_last3_all_3600s_300s"."entity" = "partial"."entity"
    )
    AND (
      "view__spending_v1_last3_all_3600s_300s"."as_of" = "partial"."as_of"
    )
    AND (
      "view__spending_v1_last3_all_3600s_300s"."horizon" = "partial"."horizon"
    )
), "view__spending_v1_exact" AS (
  SELECT
    *,
    CASE
      WHEN (
        0 < "n0_604800s_21600s"
      ) AND NOT "overflow__deviation_7d"
      THEN (
        (
          "Q0_604800s_21600s" - (
            CAST((
              (
                "S0_604800s_21600s" - MOD("S0_604800s_21600s", CAST("n0_604800s_21600s" AS DECIMAL(38, 0)))
              ) / CAST("n0_604800s_21600s" AS DECIMAL(38, 0))
            ) AS DECIMAL(38, 0)) * "S0_604800s_21600s"
          )
        ) - (
          CAST((
            (
              "S0_604800s_21600s" - MOD("S0_604800s_21600s", CAST("n0_604800s_21600s" AS DECIMAL(38, 0)))
            ) / CAST("n0_604800s_21600s" AS DECIMAL(38, 0))
          ) AS DECIMAL(38, 0)) * MOD("S0_604800s_21600s", CAST("n0_604800s_21600s" AS DECIMAL(38, 0)))
        )
      )
    END AS "C0_604800s_21600s",
    CASE
      WHEN (
        0 < "n0_604800s_21600s"
      ) AND NOT "overflow__deviation_7d"
      THEN (
        MOD("S0_604800s_21600s", CAST("n0_604800s_21600s" AS DECIMAL(38, 0))) * MOD("S0_604800s_21600s", CAST("n0_604800s_21600s" AS DECIMAL(38, 0)))
      )
    END AS "R0_604800s_21600s"
  FROM "view__spending_v1_sums"
), "view__spending_v1_features" AS (
  SELECT
    "entity",
    "as_of",
    "horizon",
    CASE
      WHEN NOT "overflow__mean_1h"
      THEN CASE
        WHEN (
          1 <= "n0_3600s_300s"
        )
        THEN (
          CAST((
            CASE
              WHEN "S0_3600s_300s" BETWEEN CAST((
                -9007199254740992
              ) AS DECIMAL(38, 0)) AND CAST(9007199254740992 AS DECIMAL(38, 0))
              THEN CAST(CAST("S0_3600s_300s" AS BIGINT) AS DOUBLE)
              ELSE (
                (
                  (
                    (
                      CAST(CAST(CAST((
                        (
                          CAST((
                            (
                              "S0_3600s_300s" - MOD("S0_3600s_300s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                            ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                          ) AS DECIMAL(38, 0)) - MOD(
                            CAST((
                              (
                                "S0_3600s_300s" - MOD("S0_3600s_300s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                              ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                            ) AS DECIMAL(38, 0)),
                            CAST(9007199254740992 AS DECIMAL(38, 0))
                          )
                        ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                      ) AS DECIMAL(38, 0)) AS BIGINT) AS DOUBLE) * 9007199254740992.0e0
                    ) + CAST(CAST(MOD(
                      CAST((
                        (
                          "S0_3600s_300s" - MOD("S0_3600s_300s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                        ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                      ) AS DECIMAL(38, 0)),
                      CAST(9007199254740992 AS DECIMAL(38, 0))
                    ) AS BIGINT) AS DOUBLE)
                  ) * 9007199254740992.0e0
                ) + CAST(CAST(MOD("S0_3600s_300s", CAST(9007199254740992 AS DECIMAL(38, 0))) AS BIGINT) AS DOUBLE)
              )
            END / CAST("n0_3600s_300s" AS DOUBLE)
          ) AS DOUBLE) / 1000000.0e0
        )
      END
    END AS "feature__mean_1h",
    CASE
      WHEN NOT "overflow__deviation_7d"
      THEN CASE
        WHEN (
          2 <= "n0_604800s_21600s"
        )
        THEN SQRT(
          (
            CAST((
              (
                CASE
                  WHEN "C0_604800s_21600s" BETWEEN CAST((
                    -9007199254740992
                  ) AS DECIMAL(38, 0)) AND CAST(9007199254740992 AS DECIMAL(38, 0))
                  THEN CAST(CAST("C0_604800s_21600s" AS BIGINT) AS DOUBLE)
                  ELSE (
                    (
                      (
                        (
                          CAST(CAST(CAST((
                            (
                              CAST((
                                (
                                  "C0_604800s_21600s" - MOD("C0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                                ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                              ) AS DECIMAL(38, 0)) - MOD(
                                CAST((
                                  (
                                    "C0_604800s_21600s" - MOD("C0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                                  ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                                ) AS DECIMAL(38, 0)),
                                CAST(9007199254740992 AS DECIMAL(38, 0))
                              )
                            ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                          ) AS DECIMAL(38, 0)) AS BIGINT) AS DOUBLE) * 9007199254740992.0e0
                        ) + CAST(CAST(MOD(
                          CAST((
                            (
                              "C0_604800s_21600s" - MOD("C0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                            ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                          ) AS DECIMAL(38, 0)),
                          CAST(9007199254740992 AS DECIMAL(38, 0))
                        ) AS BIGINT) AS DOUBLE)
                      ) * 9007199254740992.0e0
                    ) + CAST(CAST(MOD("C0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0))) AS BIGINT) AS DOUBLE)
                  )
                END - (
                  CASE
                    WHEN "R0_604800s_21600s" BETWEEN CAST((
                      -9007199254740992
                    ) AS DECIMAL(38, 0)) AND CAST(9007199254740992 AS DECIMAL(38, 0))
                    THEN CAST(CAST("R0_604800s_21600s" AS BIGINT) AS DOUBLE)
                    ELSE (
                      (
                        (
                          (
                            CAST(CAST(CAST((
                              (
                                CAST((
                                  (
                                    "R0_604800s_21600s" - MOD("R0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                                  ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                                ) AS DECIMAL(38, 0)) - MOD(
                                  CAST((
                                    (
                                      "R0_604800s_21600s" - MOD("R0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                                    ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                                  ) AS DECIMAL(38, 0)),
                                  CAST(9007199254740992 AS DECIMAL(38, 0))
                                )
                              ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                            ) AS DECIMAL(38, 0)) AS BIGINT) AS DOUBLE) * 9007199254740992.0e0
                          ) + CAST(CAST(MOD(
                            CAST((
                              (
                                "R0_604800s_21600s" - MOD("R0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0)))
                              ) / CAST(9007199254740992 AS DECIMAL(38, 0))
                            ) AS DECIMAL(38, 0)),
                            CAST(9007199254740992 AS DECIMAL(38, 0))
                          ) AS BIGINT) AS DOUBLE)
                        ) * 9007199254740992.0e0
                      ) + CAST(CAST(MOD("R0_604800s_21600s", CAST(9007199254740992 AS DECIMAL(38, 0))) AS BIGINT) AS DOUBLE)
                    )
                  END / CAST("n0_604800s_21600s" AS DOUBLE)
                )
              ) / CAST((
                "n0_604800s_21600s" - 1
              ) AS DOUBLE)
            ) AS DOUBLE) / 1000000000000.0e0
          )
        )
      END
    END AS "feature__deviation_7d",
    CAST(CASE WHEN (
      1 <= "n1_all"
    ) THEN "S1_all" END AS DECIMAL(38, 0)) AS "feature__fees",
    CAST("n2_3600s_300s" AS BIGINT) AS "feature__large_1h",
    "feature__largest_1h" AS "feature__largest_1h",
    COALESCE("feature__last_items", 0) AS "feature__last_items",
    "overflow__mean_1h",
    "overflow__deviation_7d"
  FROM "view__spending_v1_exact"
)
SELECT
  "spine"."skewless_row",
  "view__spending_v1_features"."feature__mean_1h" AS "view__spending_v1__feature__mean_1h",
  "view__spending_v1_features"."feature__deviation_7d" AS "view__spending_v1__feature__deviation_7d",
  "view__spending_v1_features"."feature__fees" AS "view__spending_v1__feature__fees",
  "view__spending_v1_features"."feature__large_1h" AS "view__spending_v1__feature__large_1h",
  "view__spending_v1_features"."feature__largest_1h" AS "view__spending_v1__feature__largest_1h",
  "view__spending_v1_features"."feature__last_items" AS "view__spending_v1__feature__last_items",
  "view__spending_v1_features"."overflow__mean_1h" AS "overflow__view__spending_v1__feature__mean_1h",
  "view__spending_v1_features"."overflow__deviation_7d" AS "overflow__view__spending_v1__feature__deviation_7d"
FROM "spine"
JOIN "view__spending_v1_features"
  ON (
    "view__spending_v1_features"."entity" = "spine"."entity__card"
  )
  AND (
    "view__spending_v1_features"."as_of" = "spine"."skewless_instant"
  )
  AND (
    "view__spending_v1_features"."horizon" = "spine"."skewless_instant"
  )
