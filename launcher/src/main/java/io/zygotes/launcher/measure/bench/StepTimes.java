package io.zygotes.launcher.measure.bench;

import io.zygotes.spi.CreationSteps;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects the steps of many creations by their names, which are the mechanism's. For one thread. */
final class StepTimes {

    private final Map<String, List<Long>> steps = new LinkedHashMap<>();
    /** By the step's name, then by the part's. */
    private final Map<String, Map<String, List<Long>>> parts = new LinkedHashMap<>();

    /** Adds the steps of one creation. */
    void add(CreationSteps creation) {
        for (CreationSteps.Step step : creation.steps()) {
            add(steps, step);
            for (CreationSteps.Step part : step.parts()) {
                add(parts.computeIfAbsent(step.name(), name -> new LinkedHashMap<>()), part);
            }
        }
    }

    private static void add(Map<String, List<Long>> to, CreationSteps.Step step) {
        to.computeIfAbsent(step.name(), name -> new ArrayList<>()).add(step.nanos());
    }

    /** The median of each step in milliseconds, in the order of the steps. */
    Map<String, Double> stepsP50Ms() {
        return medians(steps);
    }

    /** The same of the parts of steps, by the name of the step; a step without parts is left out. */
    Map<String, Map<String, Double>> partsP50Ms() {
        Map<String, Map<String, Double>> all = new LinkedHashMap<>();
        parts.forEach((step, of) -> all.put(step, medians(of)));
        return all;
    }

    private static Map<String, Double> medians(Map<String, List<Long>> nanos) {
        Map<String, Double> medians = new LinkedHashMap<>();
        nanos.forEach((name, each) -> medians.put(name, ColdTable.rounded(new Sample(each).p50Ms())));
        return medians;
    }
}
