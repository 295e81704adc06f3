package io.zygotes.spi;

import java.util.ArrayList;
import java.util.List;

/**
 * What a sandbox reaches in the network that it sees: what <em>all</em> layers allow. So whoever adds a layer can only
 * take away. Connections within a sandbox, over loopback, are always allowed unless there is no layer that could refuse
 * any.
 *
 * @param layers the worker's, then the lambda's own; empty for all that the network has
 */
@Stability(Stability.Level.STABLE)
public record NetworkRules(List<Layer> layers) {

    /** All that the network has. */
    public static final NetworkRules EVERYTHING = new NetworkRules(List.of());

    /**
     * What one party allows: what {@code allow} names and {@code deny} does not.
     *
     * @param allow nothing else is allowed
     * @param deny exceptions from that
     */
    public record Layer(List<NetworkRule> allow, List<NetworkRule> deny) {

        /** Copies the lists. */
        public Layer {
            allow = List.copyOf(allow);
            deny = List.copyOf(deny);
        }

        /** As it is told to people. */
        @Override
        public String toString() {
            return "allow " + allow + (deny.isEmpty() ? "" : " deny " + deny);
        }
    }

    /** Copies the list. */
    public NetworkRules {
        layers = List.copyOf(layers);
    }

    /** Whether nothing is refused. */
    public boolean isEverything() {
        return layers.isEmpty();
    }

    /** What these rules and one more layer allow. */
    public NetworkRules and(Layer layer) {
        List<Layer> more = new ArrayList<>(layers);
        more.add(layer);
        return new NetworkRules(more);
    }
}
