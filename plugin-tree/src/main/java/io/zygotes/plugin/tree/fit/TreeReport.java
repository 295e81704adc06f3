package io.zygotes.plugin.tree.fit;

import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.ImportCost;
import io.zygotes.spi.PackageId;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Shows a tree with what its nodes cost and serve on a trace: {@code tree show}. */
public final class TreeReport {

    private static final int ROW = 26;
    private static final int INDENT = 28;
    private static final int MARGIN = 12;
    private static final int LETTERS = 70;
    /** The width of a letter of the font below, in pixels, about. */
    private static final double LETTER = 7.3;
    /** Width of a column of numbers. */
    private static final int COLUMN = 84;
    /** Height of what stands above the tree. */
    private static final int HEAD = 2 * ROW;

    private TreeReport() {}

    /**
     * The tree in text.
     *
     * @param trace adds to each node the time and memory that its own packages cost, and the calls that it serves
     * @param unfit packages that no zygote may hold, with the reasons: their nodes are marked, and the reasons stand
     *     below
     */
    public static String text(ZygoteTree tree, Optional<Trace> trace, Map<PackageId, String> unfit) {
        List<ImportCost> costs = trace.map(t -> TreeEvaluator.costs(tree, t)).orElse(List.of());
        List<Long> hits = trace.map(t -> TreeEvaluator.evaluate(tree, t).hits()).orElse(List.of());
        Map<PackageId, String> named = new TreeMap<>();
        String drawn = TreeText.of(tree, index -> {
            List<PackageId> here = unfit.keySet().stream()
                    .filter(id -> tree.places().get(index).node().packages().stream()
                            .anyMatch(requirement -> requirement.matches(id)))
                    .toList();
            here.forEach(id -> named.put(id, unfit.get(id)));
            return (trace.isPresent() ? numbers(costs.get(index), hits.get(index)) : "")
                    + (here.isEmpty() ? "" : (trace.isPresent() ? "  " : "") + "unfit");
        });
        StringBuilder text = new StringBuilder(drawn);
        named.forEach((id, reason) -> text.append(id)
                .append(" is unfit for zygotes: ")
                .append(reason)
                .append(". The worker makes no zygote with it, and so none of this node and those below it\n"));
        return text.toString();
    }

    private static String numbers(ImportCost cost, long hits) {
        return String.format(
                Locale.ROOT,
                "%7.1f ms %6.1f MB %6d %s",
                cost.millis(),
                cost.megabytes(),
                hits,
                hits == 1 ? "call" : "calls");
    }

    /**
     * The tree as a picture: an SVG document, one node a line. With a trace, a node is the darker the more calls it
     * serves, and behind it stand its costs and calls; the full list of packages, in import order, is its tooltip.
     */
    public static String svg(ZygoteTree tree, Optional<Trace> trace) {
        int depth =
                tree.places().stream().mapToInt(ZygoteTree.Place::depth).max().orElse(0);
        int columns = 2 * MARGIN + INDENT * depth + (int) Math.ceil(LETTER * (LETTERS + 2));
        int width = columns + (trace.isPresent() ? 3 * COLUMN + MARGIN : 0);
        StringBuilder svg = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%1$d\" height=\"%2$d\" viewBox=\"0 0 %1$d %2$d\""
                        + " font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"12\">\n"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
                width,
                HEAD + ROW * tree.size() + MARGIN));
        List<ImportCost> costs = trace.map(t -> TreeEvaluator.costs(tree, t)).orElse(List.of());
        Optional<Evaluation> evaluation = trace.map(t -> TreeEvaluator.evaluate(tree, t));
        head(tree, evaluation, columns, svg);
        long mostHits = evaluation
                .map(e -> e.hits().stream().mapToLong(Long::longValue).max().orElse(0))
                .orElse(0L);
        for (ZygoteTree.Place place : tree.places()) {
            int x = MARGIN + INDENT * place.depth();
            int y = HEAD + ROW * place.index();
            if (place.parent() >= 0) {
                svg.append(String.format(
                        Locale.ROOT,
                        "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#999999\"/>\n",
                        x - INDENT + 10,
                        HEAD + ROW * place.parent() + 20,
                        y + 10,
                        x));
            }
            long hits = evaluation.map(e -> e.hits().get(place.index())).orElse(0L);
            node(place, x, y, mostHits == 0 ? 0 : (double) hits / mostHits, svg);
            if (evaluation.isPresent()) {
                ImportCost cost = costs.get(place.index());
                number(columns + COLUMN, y, String.format(Locale.ROOT, "%.1f", cost.millis()), svg);
                number(columns + 2 * COLUMN, y, String.format(Locale.ROOT, "%.1f", cost.megabytes()), svg);
                number(columns + 3 * COLUMN, y, String.valueOf(hits), svg);
            }
        }
        return svg.append("</svg>").append('\n').toString();
    }

    private static void head(ZygoteTree tree, Optional<Evaluation> evaluation, int columns, StringBuilder svg) {
        String all = tree.size()
                + (tree.size() == 1 ? " node" : " nodes")
                + evaluation
                        .map(e -> String.format(
                                Locale.ROOT,
                                ", %.1f MB; a call imports %.1f ms instead of %.1f ms",
                                e.modelMb(),
                                e.importMillisLeft(),
                                e.importMillisTotal()))
                        .orElse("");
        svg.append(String.format(
                "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", MARGIN, ROW - 6, escape(all)));
        if (evaluation.isPresent()) {
            number(columns + COLUMN, ROW - 4, "ms", svg);
            number(columns + 2 * COLUMN, ROW - 4, "MB", svg);
            number(columns + 3 * COLUMN, ROW - 4, "calls", svg);
        }
    }

    private static void node(ZygoteTree.Place place, int x, int y, double share, StringBuilder svg) {
        List<String> packages =
                place.node().packages().stream().map(Requirement::toString).toList();
        String label = place.index() == 0 ? "(root)" : label(packages);
        svg.append(String.format(
                Locale.ROOT,
                "<g><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"20\" rx=\"4\" fill=\"#1f77b4\""
                        + " fill-opacity=\"%.2f\" stroke=\"#1f77b4\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n",
                escape(place.index() == 0 ? label : String.join(", ", packages)),
                x,
                y,
                label.length() * LETTER + 12,
                0.08 + 0.5 * Math.sqrt(share),
                x + 6,
                y + 14,
                escape(label)));
    }

    /** Of too many packages the last ones: they are what the others are needed for. */
    private static String label(List<String> packages) {
        String all = String.join(", ", packages);
        if (all.length() <= LETTERS) {
            return all;
        }
        String label = packages.getLast();
        for (int shown = 1; shown < packages.size(); shown++) {
            String more = label + ", " + packages.get(packages.size() - 1 - shown);
            if (more.length() > LETTERS - ", … 1000 more".length()) {
                String rest = ", … " + (packages.size() - shown) + " more";
                return cut(label, LETTERS - rest.length()) + rest;
            }
            label = more;
        }
        return cut(label, LETTERS);
    }

    private static String cut(String text, int letters) {
        return text.length() <= letters ? text : text.substring(0, letters - 1) + "…";
    }

    private static void number(int x, int y, String text, StringBuilder svg) {
        svg.append(String.format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#555555\">%s</text>\n", x, y + 14, escape(text)));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
