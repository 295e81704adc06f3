package io.zygotes.launcher.plugins;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * What {@link ServiceLoader} finds in one layer, and only there. Each step is guarded: one service that cannot be made
 * does not hide the next.
 *
 * @param <S> the type of the service
 * @param services those that could be made
 * @param failures why others could not
 */
record ServiceScan<S>(List<S> services, List<Throwable> failures) {

    /** A loader that fails at every step must not keep us here for ever. */
    private static final int MOST_FAILURES = 100;

    static <S> ServiceScan<S> of(ModuleLayer layer, Class<S> type) {
        List<S> services = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        Iterator<ServiceLoader.Provider<S>> found =
                ServiceLoader.load(layer, type).stream().iterator();
        while (failures.size() < MOST_FAILURES) {
            try {
                if (!found.hasNext()) {
                    break;
                }
                S service = found.next().get();
                // The loader walks on to the layers above, where the image's own services are.
                if (service.getClass().getModule().getLayer() == layer) {
                    services.add(service);
                }
            } catch (ServiceConfigurationError | LinkageError e) {
                failures.add(e);
            }
        }
        return new ServiceScan<>(List.copyOf(services), List.copyOf(failures));
    }
}
