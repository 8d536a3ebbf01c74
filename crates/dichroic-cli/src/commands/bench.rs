//! `dichroic bench`: the speed of this machine with dichroic, on the workloads that frameworks are compared on.

use std::io::BufRead;
use std::process::{Command, Stdio};

use clap::Args;
use dichroic::DtypePolicy;
use dichroic_graph::kernels::conv::ConvMode;
use dichroic_graph::kernels::isa::Isa;
use dichroic_graph::kernels::peak;
use serde_json::{Value, json};

use crate::benchmark::{self, Settings, Workload};
use crate::failure::Failure;
use crate::output::Output;
use crate::table::{Align, Table};

/// Time convolutions, whole networks and training steps on this machine
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Bench {
    /// Only workloads of this name, or whose names contain this text; several with commas between
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    filter: Vec<String>,
    /// Let every convolution sum plain products: no Winograd
    #[arg(long)]
    exact: bool,
    /// How convolutions and networks compute: float32, or mixed_bfloat16
    #[arg(long, value_name = "NAME", default_value_t, conflicts_with = "exact")]
    policy: DtypePolicy,
    /// Name the workloads, with their weights and multiply-adds, and time nothing
    #[arg(long)]
    list: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Time the one workload of this name in this process, against a peak in GFLOP/s
    #[arg(long, hide = true, num_args = 2, value_names = ["NAME", "PEAK"])]
    alone: Option<Vec<String>>,
}

const EXAMPLES: &str = "\
Examples:
  dichroic bench
  dichroic bench --filter fwd/conv3x3,infer/seed
  dichroic bench --filter train --threads 1 --json
  dichroic bench --filter infer --policy mixed_bfloat16
  dichroic bench --list

Names begin with fwd (a convolution), fwdbwd (with both gradients), infer (a network) or train (a step with
Adam), and end with the items in a batch. Every workload runs in a process of its own, so that its peak memory
is its own. GFLOP/s counts a multiply-add as two, and a training step as three forward passes. The share of
the peak compares with what multiply-add instructions reach on registers, measured first. Other programs that
run at the same time make every number worse.";

impl Bench {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        if let Some([name, peak]) = self.alone.as_deref() {
            let workload = benchmark::all().into_iter().find(|workload| workload.name() == *name);
            let (Some(workload), Ok(peak)) = (workload, peak.parse()) else {
                return Err(Failure::refused(format!("no workload {name:?} or no peak {peak:?}")));
            };
            return output.line(self.time(&workload, peak)?.to_string());
        }
        let chosen = self.chosen()?;
        if self.list { self.show_list(&chosen, output) } else { self.time_all(&chosen, output) }
    }

    fn chosen(&self) -> Result<Vec<Workload>, Failure> {
        let names: Vec<String> = benchmark::all().iter().map(Workload::name).collect();
        let wanted = |workload: &Workload| {
            let name = workload.name();
            let picks = |text: &String| match names.contains(text) {
                true => name == *text,
                false => name.contains(text.as_str()),
            };
            self.filter.is_empty() || self.filter.iter().any(picks)
        };
        let chosen: Vec<Workload> = benchmark::all().into_iter().filter(wanted).collect();
        if chosen.is_empty() {
            let headline = format!("no workload's name contains {:?}", self.filter.join(" or "));
            return Err(Failure::refused(headline).help("dichroic bench --list names them all"));
        }
        Ok(chosen)
    }

    fn show_list(&self, chosen: &[Workload], output: &mut Output) -> Result<(), Failure> {
        let columns = [
            ("workload", Align::Left),
            ("weights", Align::Right),
            ("multiply-adds of one item", Align::Right),
        ];
        let mut table = Table::new(columns);
        for workload in chosen {
            let (name, work) = (workload.name(), workload.work()?);
            if self.json {
                let line = json!({
                    "workload": name,
                    "batch": workload.batch(),
                    "parameters": work.parameters,
                    "macs": work.macs,
                });
                output.line(line.to_string())?;
            } else {
                let grouped = dichroic::layers::grouped;
                table.row([name, grouped(work.parameters), grouped(work.macs)]);
            }
        }
        if self.json { Ok(()) } else { output.text(table.render()) }
    }

    fn time_all(&self, chosen: &[Workload], output: &mut Output) -> Result<(), Failure> {
        let (isa, threads) = (Isa::detect(), dichroic::threads());
        let peak = 2.0 * peak::multiply_adds(isa, threads);
        let first = json!({
            "workload": "fma_f32",
            "threads": threads,
            "instruction_set": isa.to_string(),
            "gflop_per_s": round(peak, 1),
        });
        if self.json {
            output.line(first.to_string())?;
        } else {
            let plural = if threads == 1 { "" } else { "s" };
            output.title(&format!(
                "{isa}, {threads} thread{plural}: {peak:.0} GFLOP/s of multiply-adds at most"
            ))?;
            output.line("\n")?;
            output.line(row(["workload", "median", "shortest", "GFLOP/s", "of peak", "memory"]))?;
        }
        output.show()?;
        for workload in chosen {
            let line = self.in_own_process(workload, peak)?;
            if self.json {
                output.line(line.to_string())?;
            } else {
                output.line(told(&line))?;
            }
            output.show()?;
        }
        Ok(())
    }

    /// Runs this program once more for one workload, and takes its line.
    fn in_own_process(&self, workload: &Workload, peak: f64) -> Result<Value, Failure> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.arg("bench").arg("--alone").arg(workload.name()).arg(peak.to_string());
        command.arg("--threads").arg(dichroic::threads().to_string());
        if self.exact {
            command.arg("--exact");
        } else {
            command.arg("--policy").arg(self.policy.name());
        }
        let run = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        let line = run.stdout.lines().next().transpose()?.unwrap_or_default();
        match serde_json::from_str(&line) {
            Ok(line) if run.status.success() => Ok(line),
            _ => Err(Failure::failed(format!("{} ended with {}", workload.name(), run.status))),
        }
    }

    fn time(&self, workload: &Workload, peak: f64) -> Result<Value, Failure> {
        let mode = match self.policy {
            _ if self.exact => ConvMode::Exact,
            DtypePolicy::Float32 => ConvMode::Fast,
            DtypePolicy::MixedBfloat16 => ConvMode::Bf16,
        };
        let measurement = workload.measure(Settings { mode })?;
        let timing = &measurement.timing;
        let gflop = 2e-9 * workload.macs()? as f64;
        let rate = gflop / (timing.median() * 1e-3);
        Ok(json!({
            "workload": workload.name(),
            "batch": workload.batch(),
            "threads": dichroic::threads(),
            "median_ms": round(timing.median(), 4),
            "min_ms": round(timing.min(), 4),
            "runs": timing.runs(),
            "gflop_per_s": round(rate, 1),
            "percent_of_peak": round(100.0 * rate / peak, 1),
            "peak_rss_mb": peak_memory().map(|bytes| bytes >> 20),
            "algorithm": measurement.algorithm,
        }))
    }
}

/// A line of the table: the columns stand still while lines come one by one.
fn row(cells: [&str; 6]) -> String {
    let [name, median, min, rate, share, memory] = cells;
    format!("{name:27}{median:>14}{min:>14}{rate:>9}{share:>9}{memory:>9}  algorithm")
}

fn told(line: &Value) -> String {
    let number = |key: &str| line[key].as_f64().unwrap_or(f64::NAN);
    let milliseconds = |key: &str| format!("{:.3} ms", number(key));
    let memory = line["peak_rss_mb"].as_u64().map_or(String::new(), |size| format!("{size} MB"));
    let cells = row([
        line["workload"].as_str().unwrap_or_default(),
        &milliseconds("median_ms"),
        &milliseconds("min_ms"),
        &format!("{:.0}", number("gflop_per_s")),
        &format!("{:.0} %", number("percent_of_peak")),
        &memory,
    ]);
    let algorithm = line["algorithm"].as_str().unwrap_or_default();
    cells.trim_end_matches("algorithm").to_owned() + algorithm
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// The most memory that this process has held, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
