package io.zygotes.core.function;

import java.util.Set;

/** A lambda is not called over HTTP with the method of a request. */
public final class MethodNotAllowedException extends Exception {

    private static final long serialVersionUID = 1L;
    private final transient Set<String> allowed;

    /**
     * @param lambda its name
     * @param method that of the request
     * @param allowed the methods that it is called with, in the order of its {@code ol.yaml}
     */
    MethodNotAllowedException(String lambda, String method, Set<String> allowed) {
        super("lambda " + lambda + " takes "
                + (allowed.isEmpty() ? "no calls over HTTP" : String.join(", ", allowed) + " only") + ", not " + method
                + " (triggers.http in its ol.yaml)");
        this.allowed = allowed;
    }

    /** The methods that the lambda is called with; none if it is not called over HTTP at all. */
    public Set<String> allowed() {
        return allowed == null ? Set.of() : allowed;
    }
}
