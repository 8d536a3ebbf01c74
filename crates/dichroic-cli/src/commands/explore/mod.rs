//! `dichroic explore`: every weight of a model, in a browser.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use dichroic::data::write_beside;
use dichroic::explain::{Language, Style};
use dichroic_explorer::workspace::{InputKind, NewInput};
use dichroic_explorer::{
    Exported, ModelSource, NewModel, Problem, Server, Settings, Workspace, export,
};
use dichroic_script::{Options, Script};
use serde_json::json;

use crate::failure::Failure;
use crate::interrupt::wish_to_stop;
use crate::model_argument::{InputShape, Kind, Loaded, WeightsArgument, kind_of, load};
use crate::output::{Output, watched};

/// See every weight of a model in a browser
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explore {
    /// A Keras script, a model file (.keras, .h5, .onnx), Keras code or app:ResNet50; four plain convolutions if not given
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// Input shape without the batch, for code that gives none, for app: and for open sizes of a file: 28,28,3
    #[arg(long, value_name = "H,W,C", requires = "model")]
    input: Option<InputShape>,
    #[command(flatten)]
    weights: WeightsArgument,
    /// Pictures to show the model, PNG or JPEG
    #[arg(long = "image", value_name = "FILE", num_args = 1..)]
    images: Vec<PathBuf>,
    /// The port to listen on; a free one if not given
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// The address to listen on; any other than this machine's own lets others in
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Leave the browser alone
    #[arg(long)]
    no_open: bool,
    /// The page's language, en or zh-CN; that of the browser if not given
    #[arg(long, value_name = "TAG")]
    lang: Option<Language>,
    /// Write the page as one file instead, with the model and its pictures inside
    #[arg(long, value_name = "PAGE.html", conflicts_with_all = ["port", "host", "no_open"])]
    export: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  dichroic explore
  dichroic explore model.py
  dichroic explore model.keras --image cat.png dog.jpg
  dichroic explore app:ResNet50 --port 8000 --no-open
  dichroic explore --input 9,9,5 \"Conv2D(56, 4)\"
  dichroic explore model.keras --image cat.png --export page.html

The page is shown to this machine alone. Ctrl-C ends it.";

/// The model that is shown when none is named.
const SEED: &str = include_str!("seed.py");

/// How often the wish to stop is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A server at this place.
///
/// # Errors
/// When the port is taken.
pub fn listen(host: IpAddr, port: u16) -> Result<Server, Failure> {
    Server::bind(host, port).map_err(|error| {
        Failure::failed(format!("can't listen on {host}:{port}: {error}"))
            .help("leave out --port, and a free one is chosen")
    })
}

/// Opens the page; where that fails, a person can.
pub fn open_browser(url: &str) {
    if open::that_detached(url).is_err() {
        eprintln!("no browser could be opened; open the address yourself");
    }
}

impl Explore {
    pub fn run(self, output: &mut Output) -> Result<(), Failure> {
        let workspace = Arc::new(self.workspace()?);
        if let Some(path) = &self.export {
            return self.write(&workspace, path, output);
        }
        let server = listen(self.host, self.port)?;
        // Whoever reads the address may ask for the end at once.
        let wish = wish_to_stop()?;
        self.announce(&server, output)?;
        if !self.no_open {
            open_browser(&server.url());
        }
        server.serve(workspace, stopped(wish)).map_err(Failure::run)
    }

    /// Writes the page as one file.
    fn write(
        &self,
        workspace: &Arc<Workspace>,
        path: &Path,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Exported { html, left_out } = export(workspace).map_err(refused)?;
        let shown = path.display().to_string();
        write_beside(path, |file| file.write_all(html.as_bytes()))
            .map_err(|error| Failure::failed(format!("{shown}: {error}")))?;
        if self.json {
            return output
                .json(&json!({ "file": shown, "bytes": html.len(), "left_out": left_out }));
        }
        output.line(format!("{shown}: {:.1} MB", html.len() as f64 / 1e6))?;
        left_out.iter().try_for_each(|sentence| output.line(sentence))
    }

    /// Says where the page is: in a sentence to a person, alone to a pipe.
    fn announce(&self, server: &Server, output: &mut Output) -> Result<(), Failure> {
        let url = server.url();
        if self.json {
            let address = server.address();
            let host = address.ip().to_string();
            output.json(&json!({ "url": url, "host": host, "port": address.port() }))?;
        } else if watched() {
            output.line(format!("The page is at {url}\nCtrl-C ends it."))?;
        } else {
            output.line(&url)?;
        }
        if !self.host.is_loopback() {
            eprintln!(
                "warning: {} can be reached from other machines, and everybody there can see and run models here",
                self.host
            );
        }
        output.show()
    }

    /// The model and the pictures, before anything listens: what is wrong with them is said at once.
    fn workspace(&self) -> Result<Workspace, Failure> {
        let workspace = Workspace::new(Settings { language: self.lang });
        workspace.models.insert(self.new_model()?);
        for (n, path) in self.images.iter().enumerate() {
            let shown = path.display().to_string();
            let bytes =
                fs::read(path).map_err(|error| Failure::refused(format!("{shown}: {error}")))?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            let new = NewInput::new(format!("image-{n}"), name.unwrap_or(shown), InputKind::Image);
            workspace.inputs.add_picture(new, &bytes).map_err(refused)?;
        }
        Ok(workspace)
    }

    fn new_model(&self) -> Result<NewModel, Failure> {
        let Some(argument) = &self.model else {
            let outcome = Script::run(SEED, "seed.py", &Options::default(), &mut std::io::sink());
            let model = outcome.map_err(Failure::run)?.into_model(None).map_err(Failure::run)?;
            let new = NewModel::of("main", ModelSource::Argument, model);
            return Ok(NewModel { code: Some(SEED.to_owned()), ..new });
        };
        let code = match kind_of(argument)? {
            Kind::Script { source, .. } => Some(source),
            Kind::Inline(code) => Some(code),
            Kind::File(..) | Kind::Architecture { .. } | Kind::Application(_) => None,
        };
        let loaded = load(argument, self.input.as_ref(), Style::Keras3)?;
        let loaded = loaded.with_weights(&self.weights)?;
        let Loaded { mut model, class_names, seed, .. } = loaded;
        // The page may stay open for days, and the file is somebody else's meanwhile.
        model.detach();
        let new = NewModel::of("main", ModelSource::Argument, model);
        Ok(NewModel { code, class_names, seed: seed.unwrap_or(0), ..new })
    }
}

/// What the explorer refused of what the user gave.
fn refused(problem: Problem) -> Failure {
    let failure = Failure::refused(&problem.message);
    match &problem.help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// Comes when the user wishes to stop.
pub async fn stopped(wish: &'static AtomicBool) {
    while !wish.load(Ordering::Relaxed) {
        tokio::time::sleep(GLANCE).await;
    }
}
