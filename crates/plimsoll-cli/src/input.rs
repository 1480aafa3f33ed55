//! From arguments to checked inputs: markets, books, portfolios, models. Every error names the file
//! that would have to change.

use std::path::Path;

use plimsoll::margin::models::{self, BUNDLED};
use plimsoll::pricing::snapshot::completed;
use plimsoll::{
    Book, InputCode, InputError, MarginModel, Market, Portfolio, bundled_model, from_params,
};

use crate::args::common::{BookArgs, MarketArg, ModelArgs, ModelsArgs};
use crate::bundled::{BOOKS, File, MARKETS, names};
use crate::files::{self, STDIN};

/// A market with where it came from.
#[derive(Debug)]
pub struct Source<T> {
    /// The value.
    pub value: T,
    /// The file, for errors.
    pub origin: String,
}

/// A book in its market.
#[derive(Debug)]
pub struct Inputs {
    /// The market, completed.
    pub market: Source<Market>,
    /// The book.
    pub book: Source<Book>,
    /// Each selected account by itself.
    pub accounts: Vec<Portfolio>,
    /// All accounts netted as one, where asked for.
    pub group: Option<Portfolio>,
}

impl Inputs {
    /// Reads, checks and binds.
    pub fn load(args: &BookArgs) -> Result<Self, InputError> {
        if args.book == STDIN && args.market.market == STDIN {
            let message = "--book and --market cannot both be read from standard input";
            return Err(InputError::new(InputCode::Malformed, message));
        }
        let market = market(&args.market)?;
        let book = book(&args.book)?;
        let named = |error: InputError| name_origin(error, &market.origin, &book.origin);
        let bound = |account| Portfolio::bind(account, &market.value);
        let accounts = match &args.account {
            Some(name) => {
                let account =
                    book.value.account(name).map_err(|error| error.from_origin(&book.origin))?;
                vec![bound(account).map_err(named)?]
            }
            None => {
                let all: Result<_, _> = book.value.accounts.iter().map(bound).collect();
                all.map_err(named)?
            }
        };
        let group = args
            .group
            .then(|| Portfolio::bind_group(&book.value, &market.value).map_err(named))
            .transpose()?;
        Ok(Self { market, book, accounts, group })
    }

    /// An error of a calculation, with the file that would have to change.
    pub fn blame(&self, error: InputError) -> InputError {
        name_origin(error, &self.market.origin, &self.book.origin)
    }

    /// The one portfolio that a command about one account is about.
    pub fn single(&self) -> Result<&Portfolio, InputError> {
        match (&self.group, self.accounts.as_slice()) {
            (Some(group), _) => Ok(group),
            (None, [account]) => Ok(account),
            (None, accounts) => {
                let known: Vec<&str> = accounts.iter().map(|one| one.name.as_str()).collect();
                let message = format!("the book holds {} accounts", accounts.len());
                Err(InputError::new(InputCode::UnknownAccount, message)
                    .from_origin(&self.book.origin)
                    .hint(format!("choose with --account ({}) or --group", known.join(", "))))
            }
        }
    }
}

/// A row of the book that cannot be used is the book's fault; a quote that is not there, the market's.
fn name_origin(error: InputError, market: &str, book: &str) -> InputError {
    let of_market = matches!(error.code, InputCode::Missing | InputCode::UnknownAsset);
    let of_model = matches!(error.code, InputCode::BadParameter | InputCode::Unsupported);
    match (error.at.is_empty(), of_market, of_model) {
        (true, true, _) => error.from_origin(market),
        (true, _, true) => error,
        _ => error.from_origin(book),
    }
}

/// Reads, checks and completes a market.
pub fn market(arg: &MarketArg) -> Result<Source<Market>, InputError> {
    let (bytes, origin) = content(&arg.market, MARKETS, "markets")?;
    let market = Market::from_json(&bytes).map_err(|error| error.from_origin(&origin))?;
    Ok(Source { value: completed(market), origin })
}

/// Reads a book.
pub fn book(arg: &str) -> Result<Source<Book>, InputError> {
    let (bytes, origin) = content(arg, BOOKS, "books")?;
    let value = Book::parse(&bytes).map_err(|error| error.from_origin(&origin))?;
    Ok(Source { value, origin })
}

/// Reads a book of trades, which is never bundled.
pub fn trades(path: &str) -> Result<Source<Book>, InputError> {
    let origin = files::origin(path).to_owned();
    let value = Book::parse(&files::read(path)?).map_err(|error| error.from_origin(&origin))?;
    Ok(Source { value, origin })
}

fn content(arg: &str, known: &[File], what: &str) -> Result<(Vec<u8>, String), InputError> {
    if let Some(file) = known.iter().find(|file| file.name == arg) {
        return Ok((file.text.as_bytes().to_vec(), file.path.to_owned()));
    }
    let bytes = files::read(arg).map_err(|error| {
        let hint = error.hint.is_none() && error.code == InputCode::Missing;
        if hint { error.hint(format!("bundled {what} are {}", names(known))) } else { error }
    })?;
    Ok((bytes, files::origin(arg).to_owned()))
}

/// The model of `--model` or `--params`.
pub fn model(args: &ModelArgs, market: &Market) -> Result<Box<dyn MarginModel>, InputError> {
    match &args.params {
        Some(path) => own_model(path),
        None => named_model(&args.model, market),
    }
}

/// A model of a comparison and the heading of its column.
#[derive(Debug)]
pub struct Candidate {
    /// Its id; for a user's own parameters also their file.
    pub label: String,
    /// The model.
    pub model: Box<dyn MarginModel>,
}

/// The models of a comparison: those named, or all; then the user's own.
pub fn models(args: &ModelsArgs, market: &Market) -> Result<Vec<Candidate>, InputError> {
    let named: Vec<&str> = match args.model.as_slice() {
        [] => models::ids(),
        some => some.iter().map(String::as_str).collect(),
    };
    let bundled = named.into_iter().map(|id| {
        let model = named_model(id, market)?;
        Ok(Candidate { label: id.to_owned(), model })
    });
    let own = args.params.iter().map(|path| {
        let model = own_model(path)?;
        Ok(Candidate { label: format!("{}\n({})", model.id(), files::origin(path)), model })
    });
    bundled.chain(own).collect()
}

/// The model of a user's own parameter file.
pub fn own_model(path: &str) -> Result<Box<dyn MarginModel>, InputError> {
    Ok(parameters_of(path, &files::read(path)?)?.model)
}

/// A parameter file, read and checked.
#[derive(Debug)]
pub struct Parameters {
    /// Its text.
    pub text: String,
    /// The file, for errors; its path in the project where it is bundled.
    pub origin: String,
    /// The model it makes.
    pub model: Box<dyn MarginModel>,
}

/// Two parameter files, each by the name of a bundled model or by a path.
pub fn two_parameters(from: &str, to: &str) -> Result<(Parameters, Parameters), InputError> {
    if from == STDIN && to == STDIN {
        let message = "two parameter files cannot both be read from standard input";
        return Err(InputError::new(InputCode::Malformed, message));
    }
    Ok((any_parameters(from)?, any_parameters(to)?))
}

fn any_parameters(word: &str) -> Result<Parameters, InputError> {
    let id = word.split_once('@').map_or(word, |(id, _)| id);
    if models::ids().contains(&id) {
        let file = parameters(word)?;
        let origin = format!("params/{}", file.path);
        let model = from_params(file.text).map_err(|error| error.from_origin(&origin))?;
        return Ok(Parameters { text: file.text.to_owned(), origin, model });
    }
    let bytes = files::read(word).map_err(|error| {
        let hint = error.hint.is_none() && error.code == InputCode::Missing;
        let known = || format!("bundled models are {}", models::ids().join(", "));
        if hint { error.hint(known()) } else { error }
    })?;
    parameters_of(word, &bytes)
}

fn parameters_of(path: &str, bytes: &[u8]) -> Result<Parameters, InputError> {
    let origin = files::origin(path).to_owned();
    let read = || {
        let text = plimsoll::model::error::utf8(bytes)?;
        Ok((text.to_owned(), from_params(text)?))
    };
    let (text, model) = read().map_err(|error: InputError| error.from_origin(&origin))?;
    Ok(Parameters { text, origin, model })
}

fn named_model(word: &str, market: &Market) -> Result<Box<dyn MarginModel>, InputError> {
    match word.split_once('@') {
        None if !models::ids().contains(&word) && Path::new(word).is_file() => {
            let message = format!("no model `{word}`, but a file of that name");
            Err(InputError::new(InputCode::Unsupported, message)
                .hint(format!("a parameter file is given with --params {word}")))
        }
        None => bundled_model(word, market.time),
        Some(_) => {
            let file = parameters(word)?;
            from_params(file.text).map_err(|error| error.from_origin(file.path))
        }
    }
}

/// A bundled parameter file by `ID` (the latest) or `ID@DATE`.
pub fn parameters(word: &str) -> Result<&'static models::Bundled, InputError> {
    let (id, date) = word.split_once('@').map_or((word, None), |(id, date)| (id, Some(date)));
    let versions: Vec<&models::Bundled> = BUNDLED.iter().filter(|file| file.id == id).collect();
    let found = versions.iter().rfind(|file| date.is_none_or(|date| file.effective == date));
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = versions.iter().map(|file| file.effective).collect();
        let hint = match known.as_slice() {
            [] => format!("there are {}", models::ids().join(", ")),
            dates => format!("{id} has parameters of {}", dates.join(", ")),
        };
        InputError::new(InputCode::Unsupported, format!("no model `{word}`")).hint(hint)
    })
}
