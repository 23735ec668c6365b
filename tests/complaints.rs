//! What users of other tools were hurt by, one test each, named after the complaint: the files of `tests/complaints/PROJECT/`
//! say what it was and what holds here. And the examples of the semantics, in `tests/examples/PROJECT/`.

use crate::slt;

/// A test for each file of a folder, over a loaded project.
macro_rules! files {
    ($folder:literal, $project:ident: $($name:ident),* $(,)?) => {
        mod $project {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::slt::one_file($folder, stringify!($project), stringify!($name)).await;
            })*

            #[test]
            fn every_file_is_run() {
                assert_eq!(super::slt::names($folder, stringify!($project)), [$(stringify!($name)),*]);
            }
        }
    };
}

files! {
    "complaints",
    crowd:
    cube_3489_approximate_count_of_nulls,
    cube_6747_ratio_of_sketches,
    cube_7069_hll_counts_wrong,
    malloy_2872_symmetric_aggregates_slow,
    pinot_12839_sketches_of_two_kinds,
    spiceai_10962_select_star_ingestion,
}

files! {
    "complaints",
    roles:
    bsl_224_members_without_facts,
    cube_11809_second_join_dropped,
    cube_6884_power_bi_slicers_over_joins,
    cube_8499_another_path_taken,
    cube_9852_path_through_a_role_ignored,
    databricks_first_matching_row,
    malloy_1584_count_of_nothing_is_one,
    metricflow_963_join_path_ambiguous,
    ossie_290_additivity_not_declared,
    wrenai_2731_roles_collapsed,
}

files! {
    "complaints",
    shop:
    cube_10096_daylight_saving,
    cube_10296_results_over_arrow,
    cube_10462_tableau_groups_by_case,
    cube_1254_calculated_measure_without_date,
    cube_4604_missing_becomes_zero,
    cube_7078_tableau_casts_dimensions,
    cube_7601_tableau_excludes_by_case,
    cube_8488_week_start,
    cube_8765_count_star,
    databrewery_140_missing_values_in_ratios,
    lightdash_19071_served_without_a_cloud,
    metabase_8486_is_not_drops_null,
    opensearch_347_power_bi_where_not_null,
    pinot_17105_count_of_a_column_with_nulls,
    snowflake_sqlalchemy_590_listed_like_views,
    superset_35003_compatible_dimensions,
}

files! {
    "complaints",
    worked:
    cube_10674_measure_of_an_aggregate,
    cube_10719_mine_against_the_average,
    cube_11170_limit_cuts_silently,
    cube_11542_power_bi_distinct_of_a_distinct_count,
    cube_2852_division_by_zero,
    cube_3906_group_by_cube_of_distinct_counts,
    cube_4124_no_rows_become_one,
    cube_4454_ratio_stored_then_summed,
    cube_7854_totals_doubled,
    cube_7858_filtered_distinct_count_is_one,
    cube_8062_other_aggregate_of_a_measure,
    cube_8243_metabase_measure_left_out_inside,
    cube_8468_distinct_counts_over_a_range,
    cube_8529_measure_with_in_subquery,
    cube_8683_average_summed_by_power_bi,
    cube_8763_distinct_count_of_a_dimension,
    cube_9186_calculated_measures_swapped,
    databricks_measure_function_missing,
    drizzle_363_two_legs_of_one_dimension,
    metabase_30527_pivot_totals,
    metricflow_1098_ratio_of_what_is_missing,
    pinot_12003_or_that_is_never_true,
    superset_41184_subtotals_of_ratios,
    voltdb_3856_sum_of_distinct,
    wrenai_2652_two_joins_to_many_inflate,
}

/// The examples of the semantics.
mod examples {
    use crate::slt;

    files! {
        "examples",
        worked:
        a_block_with_a_measure_condition_is_evaluated,
        a_measure_condition_in_the_parent_evaluates_the_block,
        a_measure_in_where_is_having_or_refused,
        a_window_does_not_add_distinct_counts,
        lazy_blocks_count_distinct_at_the_outer_grouping,
        nothing_of_a_rollup_adds_up,
        rows_of_a_lazy_block_are_counted,
        rows_that_a_join_multiplies_are_not_summed,
        sums_of_measures_divide,
        the_top_department_joined_back_by_month,
    }
}
