"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const cube = data.cube;
  const flips = data.flips;
  /* The data that the filters act on. */
  const chosen = cube || flips || data.marked;
  const root = document.documentElement;
  // Colours for colour-blind readers (Okabe and Ito): cool colours for trades and actions, warm colours for skips.
  const palette = ["#d55e00", "#e69f00", "#cc79a7", "#882255", "#ddcc77", "#661100", "#aa4499", "#999933"];
  const fixed = { TRADE: "#009e73", EXIT: "#0072b2", POLICY: "#999999", HARVEST: "#56b4e9", SKIP: "#d55e00", Other: "#888888",
    Records: "#0072b2", Flips: "#0072b2", Count: "#0072b2", Trades: "#009e73", Positions: "#0072b2", Exposure: "#0072b2",
    "Net profit": "#009e73", Equity: "#0072b2", Cash: "#e69f00", "Below threshold": "#999999",
    NONE: "#999999", PARTIAL_25: "#56b4e9", PARTIAL_50: "#0072b2", PARTIAL_75: "#332288", FULL_CLOSE_PROPOSED: "#d55e00" };
  const loss = "#d55e00";
  const labelFont = 12;
  const thousands = (number) => number.toLocaleString("en-US");
  const time = (ms) => new Date(ms).toISOString().replace(/\.000Z$/, "Z").replace(/:00Z$/, "Z").replace("T", " ");
  const charts = [];

  const element = (name, text, parent) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };

  /* Fills a table; columns of numbers are aligned right. */
  const fillTable = (table, columns, rows) => {
    table.replaceChildren();
    const isNumber = columns.map((_, i) => rows.length > 0 && rows.every((row) => /^[-+–]?[\d.,]*( %)?$/.test(String(row[i]))));
    const head = element("tr", undefined, element("thead", undefined, table));
    columns.forEach((name, i) => {
      const cell = element("th", name, head);
      cell.scope = "col";
      if (isNumber[i]) cell.className = "number";
    });
    const body = element("tbody", undefined, table);
    for (const row of rows) {
      const line = element("tr", undefined, body);
      row.forEach((value, i) => {
        const cell = element("td", typeof value === "number" ? thousands(value) : value, line);
        if (isNumber[i]) cell.className = "number";
      });
    }
  };

  const inks = () => {
    const style = getComputedStyle(root);
    return { ink: style.getPropertyValue("--soft").trim(), line: style.getPropertyValue("--line").trim(), paper: style.getPropertyValue("--card").trim() };
  };

  /* Places the names of vertical lines at `places` (pixels from the left, ascending) to the right of their lines. A line
     begins below its name, and below each name that it would cross. */
  const stacked = (places, widths) => {
    const rows = [];
    places.forEach((at, i) => {
      const crossed = places.slice(0, i).flatMap((other, k) => (at < other + widths[k] ? [rows[k] + 1] : []));
      rows.push(Math.max(0, ...crossed));
    });
    return rows;
  };

  /* Draws vertical lines between the bars, each with its name. */
  const linesAcross = (lines, ink, paper) => ({
    id: "lines",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales: { x } } = chart;
      const step = x.getPixelForValue(1) - x.getPixelForValue(0);
      const places = lines.map(([, place]) => x.getPixelForValue(0) + place * step);
      ctx.save();
      ctx.font = "11px sans-serif";
      const widths = lines.map(([name]) => ctx.measureText(name).width + 8);
      const rows = stacked(places, widths);
      chart.marks = places.map((at, i) => {
        const top = chartArea.top + 14 * rows[i];
        return { line: at, from: top, left: at, right: at + widths[i], top, bottom: top + 14 };
      });
      ctx.strokeStyle = ink;
      ctx.setLineDash([4, 3]);
      for (const mark of chart.marks) {
        ctx.beginPath();
        ctx.moveTo(mark.line, mark.from);
        ctx.lineTo(mark.line, chartArea.bottom);
        ctx.stroke();
      }
      chart.marks.forEach((mark, i) => {
        ctx.fillStyle = paper;
        ctx.fillRect(mark.left + 1, mark.top, widths[i] - 1, 14);
        ctx.fillStyle = ink;
        ctx.fillText(lines[i][0], mark.left + 4, mark.top + 11);
      });
      ctx.restore();
    },
  });

  const measure = (canvas, font, text) => {
    const ctx = canvas.getContext("2d");
    ctx.font = font;
    return ctx.measureText(text).width;
  };

  /* Splits a label into lines of at most `room` pixels: at separators, and within a word only if it is longer. */
  const wrapped = (label, canvas, room) => {
    const font = `${labelFont}px ${Chart.defaults.font.family}`;
    const fits = (text) => measure(canvas, font, text) <= room;
    const parts = label.split(/(?<=[_. +:\/-])/).flatMap((part) => (fits(part) ? [part] : [...part]));
    const found = [];
    for (const part of parts) {
      const last = found[found.length - 1];
      if (last !== undefined && fits(last + part)) found[found.length - 1] = last + part;
      else found.push(part);
    }
    return found;
  };

  /* Draws a chart {type, labels, times, series, lines, sideways} on the canvas of `holder` and replaces the previous one. */
  const draw = (holder, chart) => {
    const { ink, line, paper } = inks();
    const axis = (stacked) => ({ stacked, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 }, grid: { color: line } });
    const isLine = chart.type === "lines";
    const values = (series) => (isLine ? series.values.map((y, i) => ({ x: chart.times[i], y })) : series.values);
    /* No two series of a chart have the same colour. */
    const used = new Set(chart.series.map((series) => fixed[series.name]));
    const free = palette.filter((colour) => !used.has(colour));
    let others = 0;
    const shade = (name) => fixed[name] || free[others++ % free.length];
    /* Losses have their own colour. */
    const shades = (series, colour) => (!isLine && series.values.some((value) => value < 0) ? series.values.map((value) => (value < 0 ? loss : colour)) : colour);
    const labels = chart.sideways ? chart.labels.map((label) => wrapped(label, holder.canvas, 0.4 * holder.canvas.parentElement.clientWidth)) : chart.labels;
    if (chart.sideways) {
      const rows = Math.max(26, ...labels.map((lines) => 8 + 15 * lines.length));
      holder.canvas.parentElement.style.height = `${Math.max(120, 40 + rows * labels.length)}px`;
    }
    const settings = {
      type: isLine ? "line" : "bar",
      data: {
        labels,
        datasets: chart.series.map((series) => [series, shade(series.name)]).map(([series, colour]) => ({
          label: series.name,
          data: values(series),
          backgroundColor: shades(series, colour),
          borderColor: colour,
          borderWidth: isLine ? 1.5 : 0,
          pointRadius: 0,
          categoryPercentage: 0.95,
          barPercentage: 0.95,
        })),
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        indexAxis: chart.sideways ? "y" : "x",
        interaction: { mode: "index", intersect: false, axis: chart.sideways ? "y" : "x" },
        scales: { x: axis(!isLine), y: axis(!isLine) },
        plugins: { legend: { display: chart.series.length > 1, labels: { color: ink, boxWidth: 12 } } },
      },
    };
    const { x, y } = settings.options.scales;
    if (isLine) Object.assign(x, { type: "linear", min: chart.times[0], max: chart.times[chart.times.length - 1] });
    if (isLine) x.ticks.callback = (at) => time(Math.round(at / 60000) * 60000);
    if (isLine) settings.options.plugins.tooltip = { callbacks: { title: (items) => time(items[0].parsed.x) } };
    if (chart.sideways) {
      y.ticks.autoSkip = false;
      settings.options.plugins.tooltip = { callbacks: { title: (items) => chart.labels[items[0].dataIndex] } };
    }
    (chart.sideways ? x : y).beginAtZero = !isLine;
    if (chart.lines) {
      const widest = Math.max(0, ...chart.lines.map(([name]) => measure(holder.canvas, "11px sans-serif", name)));
      settings.options.layout = { padding: { right: widest + 8 } };
      settings.plugins = [linesAcross(chart.lines, ink, paper)];
    }
    if (holder.chart) holder.chart.destroy();
    holder.chart = new Chart(holder.canvas, settings);
  };

  /* Adds a section with a heading, a chart and a table. `make(filter)` returns {chart, columns, rows}. */
  const addSection = (section, make) => {
    const card = element("section", undefined, document.getElementById("sections"));
    card.id = section.id;
    if (section.wide) card.className = "wide";
    card.setAttribute("aria-labelledby", `${section.id}-title`);
    element("h2", section.title, card).id = `${section.id}-title`;
    if (section.lead) element("p", section.lead, card);
    const empty = element("p", section.empty, card);
    const box = element("div", undefined, card);
    box.className = "chart";
    const canvas = element("canvas", undefined, box);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${section.title}; the table below has the numbers`);
    const details = element("details", undefined, card);
    element("summary", "Table", details);
    const scroll = element("div", undefined, details);
    scroll.className = "scroll";
    const table = element("table", undefined, scroll);
    const holder = { canvas, chart: null };
    const update = (filter) => {
      const made = make(filter);
      const isEmpty = made.rows.length === 0;
      empty.hidden = !isEmpty;
      details.hidden = isEmpty;
      box.hidden = isEmpty || !made.chart;
      if (!made.chart && !isEmpty) details.open = true;
      fillTable(table, made.columns, made.rows);
      if (!box.hidden) draw(holder, made.chart);
    };
    charts.push(update);
  };

  /* Calls `then` for each cell that passes the filter. Cells are flat: time bucket, symbol, kind, count. */
  const each = (cells, filter, then) => {
    for (let i = 0; i < cells.length; i += 4) {
      const bucket = cells[i];
      const inTime = bucket < 0 ? filter.isWhole : bucket >= filter.from && bucket <= filter.to;
      if (inTime && (filter.symbol < 0 || cells[i + 1] === filter.symbol)) then(bucket, cells[i + 1], cells[i + 2], cells[i + 3]);
    }
  };
  const ofKind = (filter, kind) => filter.kind < 0 || kind === filter.kind;
  const bucketLabels = (filter) => {
    const labels = [];
    for (let s = filter.from; s <= filter.to; s++) labels.push(time(chosen.start + s * chosen.width));
    return labels;
  };
  const isSkip = (kind) => kind >= 5;

  const makers = {
    answers(filter) {
      const counts = new Map();
      each(cube.answers, filter, (_s, _y, kind, count) => {
        if (ofKind(filter, kind)) counts.set(kind, (counts.get(kind) || 0) + count);
      });
      const rows = [...counts].sort((a, b) => b[1] - a[1]).map(([kind, count]) => [isSkip(kind) ? "SKIP" : cube.kinds[kind], isSkip(kind) ? cube.kinds[kind] : "", count]);
      const skips = rows.filter((row) => row[1]);
      const bars = skips.length > 0 ? skips : rows;
      return {
        chart: { type: "bars", sideways: true, labels: bars.map((r) => r[1] || r[0]), series: [{ name: "Records", values: bars.map((r) => r[2]) }] },
        columns: ["Decision", "Skip reason", "Records"], rows,
      };
    },
    time(filter) {
      const width = filter.to - filter.from + 1;
      const series = new Map();
      each(cube.answers, filter, (bucket, _y, kind, count) => {
        if (bucket < 0 || !ofKind(filter, kind)) return;
        if (!series.has(kind)) series.set(kind, new Array(width).fill(0));
        series.get(kind)[bucket - filter.from] += count;
      });
      const kinds = [...series.keys()].sort((a, b) => a - b);
      const labels = bucketLabels(filter);
      const sum = (kind) => series.get(kind).reduce((a, b) => a + b, 0);
      const skips = kinds.filter(isSkip).sort((a, b) => sum(b) - sum(a));
      const drawn = [...kinds.filter((kind) => !isSkip(kind)), ...skips.slice(0, palette.length)]
        .map((kind) => ({ name: cube.kinds[kind], values: series.get(kind) }));
      const others = skips.slice(palette.length).map((kind) => series.get(kind));
      if (others.length > 0) drawn.push({ name: "Other", values: labels.map((_, i) => others.reduce((n, values) => n + values[i], 0)) });
      const rows = labels.map((label, i) => [label, ...kinds.map((kind) => series.get(kind)[i])]).filter((row) => row.slice(1).some((n) => n > 0));
      return {
        chart: { type: "bars", labels, series: drawn },
        columns: ["From", ...kinds.map((kind) => cube.kinds[kind])], rows,
      };
    },
    symbols(filter) {
      const names = ["TRADE", "EXIT", "HARVEST", "SKIP"];
      const counts = new Map();
      each(cube.answers, filter, (_s, symbol, kind, count) => {
        const name = isSkip(kind) ? "SKIP" : cube.kinds[kind];
        if (symbol === 1 || !ofKind(filter, kind) || !names.includes(name)) return;
        if (!counts.has(symbol)) counts.set(symbol, [0, 0, 0, 0]);
        counts.get(symbol)[names.indexOf(name)] += count;
      });
      const sum = (row) => row[1] + row[2] + row[3] + row[4];
      const rows = [...counts].map(([symbol, c]) => [cube.symbols[symbol], ...c]).sort((a, b) => sum(b) - sum(a));
      const shown = rows.slice(0, 20);
      return {
        chart: { type: "bars", sideways: true, labels: shown.map((r) => r[0]), series: names.map((name, i) => ({ name, values: shown.map((r) => r[i + 1]) })) },
        columns: ["Symbol", ...names], rows,
      };
    },
    histogram(of, name) {
      return (filter) => {
        const counts = new Array(of.ends.length).fill(0);
        each(of.cells, filter, (_s, _y, kind, count) => { counts[kind] += count; });
        const rows = of.ends.map((end, i) => [end, counts[i]]).filter((row) => row[1] > 0);
        return { chart: { type: "bars", labels: of.ends, series: [{ name: "Trades", values: counts }] }, columns: [name, "Trades"], rows };
      };
    },
    ladder(filter) {
      const width = cube.actions.length;
      const counts = cube.actions.map(() => new Array(cube.ladder.ends.length).fill(0));
      each(cube.ladder.cells, filter, (_s, _y, kind, count) => { counts[kind % width][Math.floor(kind / width)] += count; });
      const rows = cube.ladder.ends.map((end, i) => [end, ...counts.map((c) => c[i])]).filter((row) => row.slice(1).some((n) => n > 0));
      return {
        chart: { type: "bars", labels: cube.ladder.ends, lines: cube.thresholds, series: cube.actions.map((name, i) => ({ name, values: counts[i] })) },
        columns: ["R_net", ...cube.actions], rows,
      };
    },
    kills(filter) {
      const names = ["Below threshold", "FULL_CLOSE_PROPOSED"];
      const counts = names.map(() => new Array(cube.kills.ends.length).fill(0));
      each(cube.kills.cells, filter, (_s, _y, kind, count) => { counts[kind % 2][Math.floor(kind / 2)] += count; });
      const rows = cube.kills.ends.map((end, i) => [end, counts[0][i], counts[1][i]]).filter((row) => row[1] + row[2] > 0);
      return { chart: { type: "bars", labels: cube.kills.ends, series: names.map((name, i) => ({ name, values: counts[i] })) }, columns: ["Kill score (K)", ...names], rows };
    },
    components(filter) {
      const names = ["Regime flip", "Sigma spike", "Trend strength drop", "Age penalty"];
      const counts = [0, 0, 0, 0];
      let known = 0;
      each(cube.kills.cells, filter, (_s, _y, _k, count) => { known += count; });
      each(cube.components, filter, (_s, _y, kind, count) => { counts[kind] += count; });
      const rows = known ? names.map((name, i) => [name, counts[i], `${(100 * counts[i] / known).toFixed(1)} %`]) : [];
      return {
        chart: { type: "bars", sideways: true, labels: names, series: [{ name: "Positions", values: counts }] },
        columns: ["Component", "Positions", "Share"], rows,
      };
    },
  };
  /* Flip cells have six numbers: time bucket, symbol, kind, reason, cause, count. */
  const eachFlip = (filter, then) => {
    for (let i = 0; i < flips.cells.length; i += 6) {
      const cell = flips.cells.slice(i, i + 6);
      if (passes(cell[0], cell[1], cell[2], cell[3], filter)) then(cell);
    }
  };
  const passes = (bucket, symbol, kind, reason, filter) => {
    const inTime = bucket < 0 ? filter.isWhole : bucket >= filter.from && bucket <= filter.to;
    const is = (mark, wanted) => wanted < 0 || mark < 0 || mark === wanted;
    return inTime && is(symbol, filter.symbol) && is(kind, filter.kind) && is(reason, filter.reason);
  };
  const barsShown = 40;
  const dayOf = (bucket) => (bucket < 0 ? "(no timestamp)" : new Date(flips.start + bucket * flips.width).toISOString().slice(0, 10));
  const counted = { symbols: [1, (n) => flips.symbols[n]], kinds: [2, (n) => flips.kinds[n]], reasons: [3, (n) => flips.reasons[n]],
    causes: [4, (n) => flips.causes[n]], days: [0, dayOf] };
  const ofFlips = (section) => (filter) => {
    const [place, name] = counted[section.counts];
    const counts = new Map();
    eachFlip(filter, (cell) => {
      if (section.counts === "reasons" && cell[place] === 0) return;
      counts.set(cell[place], (counts.get(cell[place]) || 0) + cell[5]);
    });
    const order = section.counts === "days" ? (a, b) => a[0] - b[0] : (a, b) => b[1] - a[1];
    const rows = [...counts].sort(order).map(([number, count]) => [name(number), count]);
    const shown = section.counts === "days" ? rows : rows.slice(0, barsShown);
    return {
      chart: { type: "bars", sideways: section.counts !== "days", labels: shown.map((r) => r[0]), series: [{ name: "Flips", values: shown.map((r) => r[1]) }] },
      columns: section.table.columns, rows,
    };
  };
  /* Filters for table rows with marks: epoch milliseconds, symbol, kind, reason. */
  const bucketOf = (ms) => (ms < 0 ? -1 : Math.floor((ms - chosen.start) / chosen.width));
  const marksPass = (filter) => ([ms, symbol, kind, reason]) => passes(bucketOf(ms), symbol, kind, reason, filter);
  const inWindow = (chart, filter) => {
    if (!chart || !chart.times || filter.isWhole) return chart;
    const keep = chart.times.map((ms) => { const bucket = bucketOf(ms); return bucket >= filter.from && bucket <= filter.to; });
    const kept = (values) => values.filter((_, i) => keep[i]);
    return { ...chart, times: kept(chart.times), series: chart.series.map((series) => ({ ...series, values: kept(series.values) })) };
  };
  const ofCube = (name) => {
    if (name === "leverages") return makers.histogram(cube.leverages, "Leverage");
    if (name === "notionals") return makers.histogram(cube.notionals, "Notional (USD)");
    return makers[name];
  };
  /* Folds rows that differ only in their first column, the number of the record. The second column counts them. */
  const folded = (rows) => {
    const found = new Map();
    for (const row of rows) {
      const key = JSON.stringify(row.slice(1));
      const first = found.get(key);
      if (first) first[1] += 1;
      else found.set(key, [row[0], 1, ...row.slice(1)]);
    }
    return [...found.values()];
  };
  /* A section of fixed rows. If the rows have marks, they follow the filters. */
  const ofRows = (section) => (filter) => {
    const { columns, rows } = section.table;
    const pass = marksPass(filter);
    const kept = section.marks ? rows.filter((_, i) => pass(section.marks[i])) : rows;
    return { chart: section.chart && inWindow({ ...section.chart }, filter), columns, rows: section.folds ? folded(kept) : kept };
  };
  const maker = (section) => (section.cube ? ofCube(section.cube) : section.counts ? ofFlips(section) : ofRows(section));
  for (const section of data.sections) addSection(section, maker(section));

  const filter = { symbol: -1, kind: -1, reason: -1, from: 0, to: 0, isWhole: true };
  /* The number shown, the total and the noun: records of a replay, flips of a comparison, listed positions of a simulation. */
  const count = () => {
    let shown = 0;
    let all = 0;
    if (cube) {
      each(cube.answers, filter, (_s, _y, k, n) => { if (ofKind(filter, k)) shown += n; });
      for (let i = 3; i < cube.answers.length; i += 4) all += cube.answers[i];
      return [shown, all, "records"];
    }
    if (flips) {
      eachFlip(filter, (cell) => { shown += cell[5]; });
      for (let i = 5; i < flips.cells.length; i += 6) all += flips.cells[i];
      return [shown, all, "flips"];
    }
    const { marks } = data.sections.find((section) => section.id === "positions");
    return [marks.filter(marksPass(filter)).length, marks.length, "listed positions"];
  };
  const update = () => charts.forEach((draw) => draw(filter));

  if (chosen) {
    const get = (id) => document.getElementById(id);
    const [symbol, kind, reason, from, to] = ["symbol", "kind", "reason", "from", "to"].map(get);
    get("filters").hidden = false;
    const option = (select, value, text) => { element("option", text, select).value = value; };
    const present = (place) => {
      const found = new Set();
      for (let i = 0; i < cube.answers.length; i += 4) found.add(cube.answers[i + place]);
      return [...found].sort((a, b) => a - b);
    };
    const options = (select, names, place) => {
      option(select, -1, "All");
      const numbers = cube && names.length > 0 ? present(place) : [...names.keys()];
      /* Names in parentheses and verdicts come first, then all others by name. */
      const isVerdict = (number) => cube && place === 2 && !isSkip(number);
      const rank = (number) => (names[number].startsWith("(") ? 0 : isVerdict(number) ? 1 : 2);
      const byName = (a, b) => (names[a] < names[b] ? -1 : 1);
      numbers.sort((a, b) => rank(a) - rank(b) || (isVerdict(a) ? a - b : byName(a, b)));
      numbers.forEach((number) => option(select, number, names[number]));
    };
    options(symbol, chosen.symbols, 1);
    options(kind, chosen.kinds, 2);
    options(reason, chosen.reasons || [], 3);
    reason.parentElement.hidden = !chosen.reasons;
    get("kind-name").textContent = cube ? "Decision" : flips ? "Flip kind" : "Close reason";
    /* `max` is set first because a larger value would be clamped. */
    from.max = to.max = chosen.buckets - 1;
    to.value = to.max;
    const read = () => {
      filter.symbol = Number(symbol.value);
      filter.kind = Number(kind.value);
      filter.reason = Number(reason.value);
      filter.from = Math.min(Number(from.value), Number(to.value));
      filter.to = Math.max(Number(from.value), Number(to.value));
      filter.isWhole = filter.from === 0 && filter.to === chosen.buckets - 1;
      get("window").textContent = `${time(chosen.start + filter.from * chosen.width)} to ${time(chosen.start + (filter.to + 1) * chosen.width)}`;
      const [shown, all, what] = count();
      get("shown").textContent = `${thousands(shown)} of ${thousands(all)} ${what} shown`;
      update();
    };
    [symbol, kind, reason, from, to].forEach((input) => input.addEventListener("input", read));
    get("filters").addEventListener("reset", (event) => {
      event.preventDefault();
      symbol.value = kind.value = reason.value = -1;
      from.value = 0;
      to.value = chosen.buckets - 1;
      read();
    });
    filter.to = chosen.buckets - 1;
    setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
    read();
  } else {
    setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
    update();
  }

  function setTheme(dark) {
    root.dataset.theme = dark ? "dark" : "light";
    const button = document.getElementById("theme");
    button.textContent = dark ? "Light mode" : "Dark mode";
    button.setAttribute("aria-pressed", String(dark));
  }
  document.getElementById("theme").addEventListener("click", () => {
    setTheme(root.dataset.theme !== "dark");
    update();
  });
  /* The lines of labels depend on the width. */
  addEventListener("resize", () => update());
  addEventListener("beforeprint", () => {
    setTheme(false);
    document.querySelectorAll("details").forEach((it) => { it.open = true; });
    update();
  });
})();
