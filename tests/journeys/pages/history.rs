//! Reading back: to the very beginning, however short the rows, and no row that is read moves by itself.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::Friends};

/// How far rows moved, at most, in pixels: all of them when a load began and ended, and the first one in view when others
/// were put in, from the moment that they were there as text.
const WATCH: &str = "const edge = document.querySelector('#edge'), list = document.querySelector('#messages'), scroller = document.querySelector('#scroll');
    const first = () => {
      const from = scroller.getBoundingClientRect().top;
      const row = [...document.querySelectorAll('#messages > li[data-at]')].find(li => li.getBoundingClientRect().bottom > from);
      return { row, top: row.getBoundingClientRect().top };
    };
    window.moved = 0;
    window.loads = 0;
    let before = null;
    const json = Response.prototype.json;
    Response.prototype.json = async function () {
      const value = await json.call(this);
      if (this.url.includes('/messages?')) before = first();
      return value;
    };
    new MutationObserver(() => {
      if (!before?.row.isConnected) return;
      window.moved = Math.max(window.moved, Math.abs(before.row.getBoundingClientRect().top - before.top));
      window.loads += 1;
      before = null;
    }).observe(list, { childList: true });
    let above = list.offsetTop;
    new MutationObserver(() => {
      window.moved = Math.max(window.moved, Math.abs(list.offsetTop - above));
      above = list.offsetTop;
    }).observe(edge, { attributeFilter: ['aria-busy'] });";

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_short_rows_is_read_back_to_its_beginning_and_no_row_moves() -> Result<()> {
    let Some(alices) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob: _bob, chat } = Friends::meet().await?;
    for n in 0..240 {
        alice.api.send(&chat, &format!("row {n}")).await?;
    }
    alices.open_page(&alice).await?;
    alices.open_chat("bob").await?;
    alices.until_said("row 239").await?;
    alices.script(WATCH).await?;
    // At the top again and again, as somebody who holds the key.
    alices
        .until(
            "document.querySelector('#scroll').scrollTop = 0;
             return document.querySelector('#edge').textContent === 'This is the beginning.'",
        )
        .await
        .context("the beginning never came")?;
    alices.until_said("hello").await?;
    let moved = alices.script("return window.moved").await?.as_f64().context("a distance")?;
    ensure!(moved <= 1.0, "a row moved by {moved} px");
    let loads = alices.script("return window.loads").await?;
    ensure!(loads.as_u64() >= Some(8), "200 rows came in {loads} loads");
    Ok(())
}
